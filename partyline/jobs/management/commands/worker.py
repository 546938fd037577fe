"""`manage.py worker`: run jobs until SIGTERM."""

import os
import signal
import sys

from django.conf import settings
from django.core.management.base import BaseCommand
from prometheus_client import REGISTRY

from partyline import metrics
from partyline.jobs.metrics import QueueCollector
from partyline.jobs.worker import GRACE, LEASE, Worker


class Command(BaseCommand):
    help = "Run jobs. SIGTERM: finish what runs within the grace or give it back; a second one ends at once."

    def add_arguments(self, parser):
        parser.add_argument("--concurrency", type=int, help="jobs at once, by default WORKER_CONCURRENCY")
        parser.add_argument("--lease", type=float, default=LEASE, help="seconds a dead worker holds its jobs")
        parser.add_argument("--grace", type=float, default=GRACE, help="seconds to finish at SIGTERM")
        parser.add_argument(
            "--no-periodic", action="store_true", help="leave periodic tasks to other workers"
        )

    def handle(self, *, concurrency, lease, grace, no_periodic, **options):
        worker = Worker(concurrency, lease, grace, settings.WORKER_HEARTBEAT_FILE, not no_periodic)

        def stop(number, frame):
            if worker.stopping:
                os._exit(128 + number)  # leases run out by themselves
            worker.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        REGISTRY.register(QueueCollector())
        metrics.serve(worker.is_alive)
        worker.announce()
        if not worker.run():
            sys.exit(1)  # so that it is started anew
