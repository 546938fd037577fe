"""The worker: it claims jobs, runs them in threads, renews leases, and gives back what it cannot finish."""

import logging
import os
import queue
import random
import socket
import threading
import time
from pathlib import Path

from django.conf import settings
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
)
from django.db import Error as DatabaseError
from django.utils.module_loading import import_string
from django_tasks import task_backends
from django_tasks.signals import task_finished, task_started
from django_tasks.utils import normalize_json

from partyline.live import wake
from partyline.live.trim import trim

from .backend import JobContext, JobTask
from .models import Job, Lost

log = logging.getLogger(__name__)

POLL, LONGEST_POLL = 2, 4  # seconds between looks; below the 5 s in which the heartbeat file is touched
LEASE = 30  # seconds after which a killed worker's job is another's
TRIM = 60  # seconds between two looks for entries to let go
GRACE = 8  # seconds for running jobs at SIGTERM: less than the 10 s after which Docker kills


class Worker:
    """One main loop that claims, `concurrency` threads that run, one that renews leases.

    All of them are daemons: a task that does not end must not keep the process from ending.
    """

    def __init__(self, concurrency=None, lease=LEASE, grace=GRACE, heartbeat_file=None):
        self.concurrency = concurrency or settings.WORKER_CONCURRENCY
        self.lease, self.grace = lease, grace
        self.heartbeat_file = heartbeat_file and Path(heartbeat_file)
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.held = {}  # job's id → Job
        self.todo = queue.SimpleQueue()  # jobs for the threads
        self.signals = queue.SimpleQueue()  # something has happened; its put() is safe in a signal handler
        self.stopping = False

    def run(self):
        """Work until stop(), then finish or give back what is held."""
        for target in [self._renew_leases, self._trim_streams, *[self._run_jobs] * self.concurrency]:
            threading.Thread(target=target, name=target.__name__, daemon=True).start()
        wake.listen("jobs", self.wake)
        log.info("Worker %s is ready for %s jobs at once.", self.name, self.concurrency)
        wait = POLL
        while not self.stopping:
            self._beat()
            try:
                self._claim()
                wait = POLL
            except DatabaseError as error:
                log.warning("The database does not answer, trying again: %s", str(error).strip())
                connection.close()
                wait = min(wait * 1.5, LONGEST_POLL)
            self._sleep(wait)
        self._drain()

    def wake(self):
        """Look for work now."""
        self.signals.put(None)

    def stop(self):
        """Claim nothing more, and end within the grace."""
        self.stopping = True
        self.wake()

    def give_back(self):
        """Let other workers take what is still held, at once."""
        for job in list(self.held.values()):
            try:
                job.give_back()
                log.info("Job %s is given back.", job.pk)
            except Lost:
                pass  # finished in this moment
            except DatabaseError as error:
                log.warning("Job %s stays ours until its lease runs out: %s", job.pk, error)

    def _beat(self):
        if self.heartbeat_file:
            try:
                self.heartbeat_file.parent.mkdir(parents=True, exist_ok=True)
                self.heartbeat_file.touch()
            except OSError as error:
                log.warning("The heartbeat file cannot be touched: %s", error)

    def _claim(self):
        close_old_connections()
        while len(self.held) < self.concurrency and not self.stopping:
            job = Job.objects.claim(self.name, self.lease)
            if job is None:
                return
            self.held[job.pk] = job
            self.todo.put(job)

    def _sleep(self, seconds):
        """Wait until something happens, and take notice of all that has happened so far."""
        try:
            self.signals.get(timeout=seconds)
            while True:
                self.signals.get_nowait()
        except queue.Empty:
            pass

    def _drain(self):
        log.info("Worker %s stops, with %s s to finish %s jobs.", self.name, self.grace, len(self.held))
        deadline = time.monotonic() + self.grace
        while self.held and (left := deadline - time.monotonic()) > 0:
            self._beat()
            self._sleep(min(left, POLL))
        self.give_back()

    def _renew_leases(self):
        while True:
            time.sleep(min(self.lease / 3, 5))
            for job in list(self.held.values()):
                try:
                    job.renew(self.lease)
                except Lost:
                    pass  # its thread learns it by its own next write
                except DatabaseError as error:
                    log.warning("The lease of job %s is not renewed: %s", job.pk, str(error).strip())
                    connection.close()
            close_old_connections()

    def _trim_streams(self):
        """Let old entries go; several workers may do so at once."""
        while True:
            try:
                if gone := trim():
                    log.info("Trimmed %s entries of streams.", gone)
            except DatabaseError as error:
                log.warning("Streams are not trimmed now: %s", str(error).strip())
                connection.close()
            close_old_connections()
            time.sleep(TRIM * random.uniform(0.8, 1.2))

    def _run_jobs(self):
        while True:
            job = self.todo.get()
            try:
                close_old_connections()
                self._run(job)
            except Lost as error:
                log.warning("%s", error)
            except Exception:
                log.exception("Job %s could not be put down, its lease will run out.", job.pk)
            finally:
                close_old_connections()
                self.held.pop(job.pk, None)
                self.wake()

    def _run(self, job):
        """Run the task, and put down how it ended."""
        log.info("Job %s %s is claimed, attempt %s.", job.pk, job.task, job.attempts)
        backend, task, began = task_backends["default"], None, time.monotonic()
        try:
            task = _find(job.task)
            result = backend.result_of(job, task)
            task_started.send(type(backend), task_result=result)
            context = [JobContext(task_result=result, job=job)] if task.takes_context else []
            value = normalize_json(task.call(*context, *job.args, **job.kwargs))
        except Lost:
            raise
        except BaseException as error:  # SystemExit too: the job has failed, not the worker
            log.exception("Job %s failed in attempt %s of %s.", job.pk, job.attempts, job.max_attempts)
            self._put_down(job.fail, error)
        else:
            try:
                self._put_down(job.finish, value)
            except (DataError, IntegrityError) as error:  # NaN or NUL: JSON to Python, not to the database
                self._put_down(job.fail, error)
        log.info("Job %s is %s after %.3f s.", job.pk, job.status, time.monotonic() - began)
        if task and (job.is_done or job.is_failed):
            task_finished.send(type(backend), task_result=backend.result_of(job, task))

    def _put_down(self, verb, argument):
        """Write the end of a job, over a database that is away as long as the lease may last."""
        deadline = time.monotonic() + self.lease
        while True:
            try:
                return verb(argument)
            except (InterfaceError, OperationalError):
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


def _find(path):
    """Return the task; raises ImportError or TypeError where this release has none of that name."""
    task = import_string(path)
    if not isinstance(task, JobTask):
        raise TypeError(f"{path} is not a task.")
    return task
