"""The worker: it claims jobs, has them run in threads, and gives back what it cannot finish."""

import logging
import os
import queue
import socket
import threading
import time
import uuid
from pathlib import Path

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils.module_loading import autodiscover_modules

from partyline import request_id
from partyline.live import nginx, processes, wake

from . import drawing, periodic
from .interruptions import Cancelled, Lost, Stopping
from .keeper import Keeper
from .metrics import WorkerNumbers
from .models import Job
from .pool import Pool
from .running import run

log = logging.getLogger(__name__)

POLL, LONGEST_POLL = 2, 4  # seconds between looks; below the 5 s in which the heartbeat file is touched
LEASE = 30  # seconds after which a killed worker's job is another's
GRACE = 8  # seconds for running jobs at SIGTERM: less than the 10 s after which Docker kills
STALE = 20  # seconds without a beat, after which the loop counts as hung


class Worker:
    """A main loop that claims and gives what is due, a pool of threads that run jobs, a thread that keeps."""

    def __init__(self, concurrency=None, lease=LEASE, grace=GRACE, heartbeat_file=None, is_periodic=True):
        self.concurrency = concurrency or settings.WORKER_CONCURRENCY
        self.lease, self.grace = lease, grace
        self.heartbeat_file = heartbeat_file and Path(heartbeat_file)
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.signals = queue.SimpleQueue()  # something has happened; its put() is safe in a signal handler
        self.pool = Pool(self.concurrency, self._run, lambda: self.signals.put(None))
        self.keeper = Keeper(self.pool, lease)
        self.look_at = 0  # time.monotonic() of the next look for work; wake() makes that now
        self.periodic_at = 0 if is_periodic else float("inf")
        self.stopping = False
        self.beaten = time.monotonic()

    def run(self):
        """Work until stop(), then finish or give back what is held; return whether that was why it ended.

        False means that threads which do not end take up too much of this process: it should begin anew.
        """
        autodiscover_modules("tasks")
        self.pool.start()
        threading.Thread(target=self.keeper.run, name="keeper", daemon=True).start()
        Consumer(self).listen()
        log.info("Worker %s is ready for %s jobs at once.", self.name, self.concurrency)
        wait = POLL
        while not self.stopping and not self.keeper.has_too_many:
            self._beat()
            try:
                self._claim()
                self._give_periodic()
                wait = POLL
            except DatabaseError as error:
                log.warning("The database does not answer, trying again: %s", str(error).strip())
                connection.close()
                self.look_at = 0
                wait = min(wait * 1.5, LONGEST_POLL)
            self._sleep(wait)
        if not self.stopping:
            log.error("Too many threads do not end: this process must begin anew.")
        self._drain()
        return self.stopping

    def wake(self):
        """Look for work now."""
        self.look_at = 0
        self.signals.put(None)

    def cancel(self, job_id):
        """Have the task know at once, if it runs here, that nobody wants the job any more."""
        if attempt := self.pool.held.get(job_id):
            attempt.job.ask(Cancelled)

    def announce(self):
        """Say that this process is there, and the nginx that it knows."""
        numbers = WorkerNumbers(self)
        processes.announce("worker", lambda: not self.stopping, numbers, numbers.LINES)
        nginx.announce(settings.NGINX_METRICS)

    def stop(self):
        """Claim nothing more, and end within the grace."""
        self.stopping = True
        self.wake()

    def is_alive(self):
        """Tell whether the main loop still turns."""
        return time.monotonic() - self.beaten < STALE

    def give_back(self):
        """Let other workers take what is still held, at once."""
        for attempt in self.pool.attempts():
            job = attempt.job
            with request_id.use(job.request_id):
                try:
                    job.give_back(wait=False)
                    log.info("Job %s is given back.", job.pk)
                except Lost:
                    pass  # finished in this moment, or locked by its task until this process has ended
                except DatabaseError as error:
                    log.warning("Job %s stays ours until its lease runs out: %s", job.pk, error)

    def _beat(self):
        self.beaten = time.monotonic()
        if self.heartbeat_file:
            try:
                self.heartbeat_file.parent.mkdir(parents=True, exist_ok=True)
                self.heartbeat_file.touch()
            except OSError as error:
                log.warning("The heartbeat file cannot be touched: %s", error)

    def _claim(self):
        """Claim while there are threads for it; after a look that found nothing, not before `look_at`."""
        while not self.stopping and self.look_at <= time.monotonic():
            if len(self.pool.held) >= self.concurrency:
                return
            self.look_at = time.monotonic() + POLL  # before the look, so that a wake-up during it counts
            if job := Job.objects.claim(self.name, self.lease):
                self.look_at = 0
                with request_id.use(job.request_id):
                    log.info("Job %s %s is claimed, attempt %s.", job.pk, job.task, job.attempts)
                self.pool.submit(job)

    def _give_periodic(self):
        if time.monotonic() >= self.periodic_at:
            self.periodic_at = time.monotonic() + periodic.LONGEST_WAIT  # after an error, too
            self.periodic_at = time.monotonic() + periodic.give_due()

    def _run(self, job):
        run(job, self.lease)

    def _sleep(self, seconds):
        """Wait until something happens, and take notice of all that has happened so far."""
        try:
            self.signals.get(timeout=seconds)
            while True:
                self.signals.get_nowait()
        except queue.Empty:
            pass

    def _drain(self):
        held = self.pool.held
        log.info("Worker %s stops, with %s s to finish %s jobs.", self.name, self.grace, len(held))
        for attempt in self.pool.attempts():
            attempt.job.ask(Stopping)
        deadline = time.monotonic() + self.grace
        while held and (left := deadline - time.monotonic()) > 0:
            self._beat()
            self._sleep(min(left, POLL))
        self.give_back()
        drawing.flush()


class Consumer(wake.Consumer):
    """What workers are told: there is a job, one is cancelled. What is lost, they find by looking."""

    channel = "jobs"

    def __init__(self, worker):
        self.worker = worker

    def job_ready(self, message):
        self.worker.wake()

    wake = job_ready  # as the release before says it: its web serves for a while beside this worker

    def job_cancel(self, message):
        self.worker.cancel(uuid.UUID(message["job"]))
