"""The threads that run jobs, and what becomes of one that does not come back."""

import ctypes
import logging
import queue
import sys
import threading
import time
import traceback

from django.db import connections

from partyline import request_id

from .interruptions import Lost

log = logging.getLogger(__name__)

IDLE = 5  # seconds after which a thread without a job gives its database connection back


class Attempt:
    """One attempt of a job in this process."""

    def __init__(self, job):
        self.job = job
        self.began = self.renewed = time.monotonic()
        self.thread = None  # once it runs
        self.unwanted_since = None  # time.monotonic()
        self.put_down = None  # how to end it in the place of its thread
        self.is_abandoned = self.is_put_down = False

    def stack(self):
        """Return where its thread is, as text."""
        frame = sys._current_frames().get(self.thread.ident)
        return "".join(traceback.format_stack(frame)) if frame else "It has just ended.\n"

    def interrupt(self, interruption):
        """Have the exception raised in its thread, as soon as that runs Python code again."""
        ident = ctypes.c_ulong(self.thread.ident)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(interruption))


class Pool:
    """So many threads, each with one job at a time. All are daemons: none keeps the process from ending."""

    def __init__(self, size, run, freed):
        self.size, self._run, self._freed = size, run, freed
        self.held = {}  # job's id → Attempt
        self._abandoned = []
        self._lock = threading.Lock()
        self._todo = queue.SimpleQueue()

    def start(self):
        for _ in range(self.size):
            self._start_thread()

    def submit(self, job):
        if before := self.held.get(job.pk):  # its lease ran out under it
            before.is_put_down = True
            self.abandon(before, Lost)
        attempt = self.held[job.pk] = Attempt(job)
        self._todo.put(attempt)

    def attempts(self):
        """Return the attempts that are held now."""
        return list(self.held.values())

    def abandon(self, attempt, interruption):
        """Go on without the thread that is at it, another one takes its place; False if it has just ended."""
        with self._lock:  # so that it is not another job, which the thread took meanwhile, that is hit
            if attempt.thread is None or self.held.get(attempt.job.pk) is not attempt:
                return False
            attempt.is_abandoned = True
            del self.held[attempt.job.pk]
            self._abandoned.append(attempt)
            attempt.interrupt(interruption)
        self._start_thread()
        self._freed()
        return True

    def alive(self):
        """Return the abandoned attempts whose threads are still at it."""
        with self._lock:
            self._abandoned = [attempt for attempt in self._abandoned if attempt.thread.is_alive()]
            return list(self._abandoned)

    def _start_thread(self):
        threading.Thread(target=self._run_jobs, name="jobs", daemon=True).start()

    def _run_jobs(self):
        while True:
            try:
                attempt = self._todo.get(timeout=IDLE)
            except queue.Empty:
                connections.close_all()
                continue
            attempt.thread = threading.current_thread()
            self._run_one(attempt)
            with self._lock:
                if self.held.get(attempt.job.pk) is attempt:
                    del self.held[attempt.job.pk]
            self._freed()
            if attempt.is_abandoned:
                return

    def _run_one(self, attempt):
        job = attempt.job
        try:
            with request_id.use(job.request_id):
                self._run(job)
        except Lost as error:
            log.warning("%s", error)
        except BaseException:
            log.exception("Job %s could not be put down, its lease will run out.", job.pk)
        finally:
            if not job.is_done:  # whatever state it has left the connection in
                connections.close_all()
