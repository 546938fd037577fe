"""The thread beside the jobs: it renews leases, and ends what takes too long or is not wanted any more."""

import logging
import time

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from partyline import request_id

from .interruptions import Cancelled, Lost, TimedOut

log = logging.getLogger(__name__)

TICK = 1  # seconds, at most
RENEW = 5  # seconds between two renewals, at most


class Keeper:
    """Looks at every held attempt again and again; it waits for no row that a task has locked."""

    def __init__(self, pool, lease):
        self.pool, self.lease = pool, lease
        self.every = min(lease / 3, RENEW)
        self.is_stuck = False  # a thread that does not end has a job's row locked

    def run(self):
        while True:
            time.sleep(min(TICK, self.every))
            self.look()

    def look(self):
        """Look at all attempts once."""
        for attempt in [*self.pool.attempts(), *self.pool.alive()]:
            try:
                with request_id.use(attempt.job.request_id):
                    self._look_at(attempt)
            except DatabaseError as error:
                log.warning("Job %s is not looked after now: %s", attempt.job.pk, str(error).strip())
                connections.close_all()
            except Exception:  # a thread that ends here would let all leases run out
                log.exception("Job %s could not be looked after", attempt.job.pk)
        if not self.pool.held:
            connections.close_all()

    @property
    def has_too_many(self):
        """Tell whether this process should end: so much of it is taken up by what does not come back."""
        return self.is_stuck or len(self.pool.alive()) > self.pool.size

    def _look_at(self, attempt):
        now, job = time.monotonic(), attempt.job
        if attempt.is_abandoned:
            if not attempt.is_put_down:
                self._put_down(attempt)
                self.is_stuck |= not attempt.is_put_down
            return
        if attempt.thread is None:
            return  # it is about to begin
        if job.is_unwanted and attempt.unwanted_since is None:
            attempt.unwanted_since = now
        timeout = job.timeout or settings.JOB_TIMEOUT
        if now - attempt.began > timeout:
            error = TimedOut(f"It took longer than {timeout:g} s.")
            error.add_note(f"Its thread was here:\n{attempt.stack()}")
            self._end(attempt, TimedOut, lambda: job.fail(error, wait=False))
        elif attempt.unwanted_since and now - attempt.unwanted_since > self.every:
            self._end(attempt, Cancelled, lambda: job.confirm_cancel(wait=False))
        elif now - attempt.renewed > self.every:
            # One that was locked is tried at every look: behind its COMMIT the lease may be over.
            if job.renew(self.lease):
                attempt.renewed = now

    def _end(self, attempt, interruption, put_down):
        """Put the attempt down in the place of its thread, and go on without that."""
        attempt.put_down = put_down
        try:
            self._put_down(attempt)
        finally:  # also where a database that its thread has locked does not answer
            if self.pool.abandon(attempt, interruption):
                log.warning(
                    "Job %s: %s. Its thread is left to itself.", attempt.job.pk, interruption.__name__
                )

    def _put_down(self, attempt):
        """Put it down; where its row is locked, by its thread most likely, that is for the next look."""
        try:
            attempt.put_down()
        except Lost:
            if attempt.job.is_held():
                return
        attempt.is_put_down = True
