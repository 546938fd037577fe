"""Draw people's jobs on their pages, on one thread of this process, so that no job pays for being shown.

Of a person's marks the first is drawn at once, what follows at most 4 times a second, the last one always.
"""

import atexit
import logging
import os
import threading
import time

from django.db import Error as DatabaseError
from django.db import connections

log = logging.getLogger(__name__)

PAUSE = 0.25  # seconds between two drawings for one person
LINGER = 0.5  # seconds that the thread, and its database connection, wait for more
AGAIN = 2  # seconds until another try where the database is away
FLUSH_SECONDS = 2  # a process that ends waits so long for its last drawings


class Drawer:
    """The people to draw for, and the thread that does it while there are any."""

    def __init__(self):
        self.pid = os.getpid()
        self.changed = threading.Condition()
        self.marked = {}  # person's id → ids of the jobs that have changed
        self.next = {}  # person's id → time.monotonic() before which nothing is drawn again
        self.is_drawing = self.is_flushing = False
        self.thread = None

    def mark(self, person_id, *job_ids):
        with self.changed:
            self.marked.setdefault(person_id, set()).update(job_ids)
            if self.thread is None:
                self.thread = threading.Thread(target=self._draw_all, name="drawing", daemon=True)
                self.thread.start()
            self.changed.notify_all()

    def flush(self, seconds):
        """Draw what is marked now; return whether that was done within so many seconds."""
        with self.changed:
            self.is_flushing = True
            self.changed.notify_all()
            done = self.changed.wait_for(lambda: not self.marked and not self.is_drawing, seconds)
            self.is_flushing = False
            return done

    def _draw_all(self):
        from . import pages

        try:
            while found := self._take():
                try:
                    pages.draw(*found)
                except DatabaseError as error:
                    log.warning("Jobs of person %s are not shown now: %s", found[0], str(error).strip())
                    connections.close_all()
                    self._put_back(*found)
                except Exception:
                    log.exception("Jobs of person %s are not shown.", found[0])
        finally:
            connections.close_all()

    def _take(self):
        """Return (person's id, ids of jobs) of whose turn it is, waiting for it; None after a while."""
        with self.changed:
            self.is_drawing = False
            self.changed.notify_all()
            deadline = time.monotonic() + LINGER
            while True:
                now = time.monotonic()
                self.next = {person: at for person, at in self.next.items() if at > now}
                waits = {person: self.next.get(person, now) for person in self.marked}
                person = min(waits, key=waits.get, default=None)
                if person is not None and (waits[person] <= now or self.is_flushing):
                    self.next[person] = now + PAUSE
                    self.is_drawing = True
                    return person, self.marked.pop(person)
                if person is None and now >= deadline:
                    self.thread = None
                    return None
                self.changed.wait(min(waits.values(), default=deadline) - now)

    def _put_back(self, person_id, job_ids):
        with self.changed:
            if self.is_flushing:
                return  # the process ends: who comes next draws it
            self.marked.setdefault(person_id, set()).update(job_ids)
            self.next[person_id] = time.monotonic() + AGAIN


_drawer = None
_lock = threading.Lock()


def mark(person_id, *job_ids):
    """Have a person's pages brought up to date soon, as these jobs have changed; never waits.

    A forked child has a thread of its own.
    """
    global _drawer
    with _lock:
        if _drawer is None or _drawer.pid != os.getpid():
            _drawer = Drawer()
    _drawer.mark(person_id, *job_ids)


@atexit.register
def flush(seconds=FLUSH_SECONDS):
    """Draw what is marked now, and wait for it, so long at most; return whether all is drawn."""
    if _drawer is None or _drawer.pid != os.getpid():
        return True
    return _drawer.flush(seconds)
