"""What is compared: how each system's one worker is started, two threads each, and what measures it."""

import json
import os
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.shell import ROOT, StackError

STOP_SECONDS = 30


@dataclass(frozen=True)
class System:
    """One line of the table: what its worker is, and what is different in its environment."""

    name: str
    tasks: str  # module
    worker: list
    environment: dict = field(default_factory=dict)


OURS = ["manage.py", "worker", "--concurrency=2", "--no-periodic"]
SYSTEMS = [
    System("Partyline", "partyline_tasks", OURS),
    System("Partyline, wake-ups lost", "partyline_tasks", OURS, {"REDIS_URL": ""}),
    System(
        "procrastinate",
        "procrastinate_tasks",
        "-m procrastinate --app=bench.jobs.procrastinate_tasks.app worker --concurrency=2".split(),
        {"PROCRASTINATE_LOG_LEVEL": "warning"},
    ),
    System(
        "Celery",
        "celery_tasks",
        "-m celery --app=bench.jobs.celery_tasks worker --pool=threads -c 2 --loglevel=WARNING".split(),
    ),
]


class Bench:
    """Starts programs in the bench's virtual environment, on its stores."""

    def __init__(self, python, stores):
        self.python, self.stores = python, stores
        self.log = stores.folder / "programs.log"

    def run(self, *command, **environment):
        """Return the last line of what a program prints; raises StackError with what it and workers said."""
        with open(self.log, "a") as log:
            done = subprocess.run(  # noqa: S603
                self._words(command),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                **self._options(environment),
            )
        if done.returncode:
            said = "\n".join(self.log.read_text().splitlines()[-20:])
            raise StackError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{said}")
        return (done.stdout.splitlines() or [""])[-1]

    def figures(self, module, *arguments, **environment):
        """Return what one of our modules has measured."""
        return json.loads(self.run("-m", f"bench.jobs.{module}", *arguments, **environment))

    @contextmanager
    def worker(self, system, **environment):
        """Give the process id of a worker that runs meanwhile; in the end it has finished what it held."""
        with open(self.log, "a") as log:
            options = self._options(system.environment | environment)
            process = subprocess.Popen(  # noqa: S603
                self._words(system.worker), stdout=log, stderr=log, start_new_session=True, **options
            )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _words(self, command):
        return [str(word) for word in (self.python, *command)]

    def _options(self, environment):
        """Return where a program runs, and its environment: this one's has no settings of a site."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ours = {
            "SECRET_KEY": "only-for-the-bench",
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "partyline.settings",
            "WORKER_HEARTBEAT_FILE": str(Path(self.stores.folder) / "heartbeat"),
            "PYTHONUNBUFFERED": "1",
        }
        return {"cwd": ROOT, "env": kept | ours | self.stores.environment | environment}
