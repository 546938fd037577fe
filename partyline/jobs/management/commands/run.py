"""`manage.py run`: the whole site in one process, for developing."""

import atexit
import threading

from django.core.management import call_command

from partyline import health, web
from partyline.jobs.worker import Worker
from partyline.live.server import RunCommand


class Command(RunCommand):
    help = "Run the whole site in one process: server with autoreload, migrations, and a worker in a thread."

    def inner_run(self, *args, **options):
        """Migrate, start the worker, serve: all in the child that the autoreloader restarts."""
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        health.report("/readyz")  # nobody probes it here, and what it finds out is told to others
        threading.Thread(target=work, name="worker", daemon=True).start()
        web.announce()
        super().inner_run(*args, **options)


def work():
    """Be a worker, and another one where one has ended for its threads that do not end."""
    is_stopped = False
    while not is_stopped:
        worker = Worker()
        worker.announce()
        # A reload must not hold up a running job until its lease runs out.
        atexit.register(worker.give_back)
        is_stopped = worker.run()
