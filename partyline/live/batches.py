"""Write many small things together: a storm of them costs the database a few transactions a second.

A product makes one `Batches` per kind of thing and puts things in from its handlers and views. What it gets
for each is a Future; a handler returns that, and the page is told `done` when the thing is written.
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from concurrent.futures import Future

from django.db import DatabaseError, connections

from . import notices
from .kinds import Refused
from .processes import processes

log = logging.getLogger(__name__)

MOST_WAITING = 20  # times `most`; above it nothing more is taken
LINGER = 2  # seconds that the thread, and its database connection, wait for more
FLUSH_SECONDS = 2  # a process that ends waits so long for its last writes

_all = []


class Batches:
    """Things that wait, and the thread that hands them to `write`, a list at a time, while there are any.

    The first is written at once, what follows every `pause` seconds together, `most` at a time; with more
    than three ws processes so much less often that all of them together do not write more. Writing is not
    tried again: where `write` raises, exactly the things that it was given have failed.
    """

    def __init__(self, write, pause=0.5, most=1000):
        self.write, self.pause, self.most = write, pause, most
        self.begin()
        _all.append(self)

    def begin(self):
        """Have nothing: a forked child has a thread of its own, and what waits is its parent's."""
        self.changed = threading.Condition()
        self.waiting = deque()  # (item, its Future)
        self.next = 0  # time.monotonic() before which nothing is written
        self.is_flushing = False
        self.thread = None

    def put(self, item):
        """Have the item written soon; never waits.

        Return a Future: it gives what `write` returned, or raises what it raised. It cannot be cancelled.
        """
        future = Future()
        future.set_running_or_notify_cancel()
        with self.changed:
            if len(self.waiting) >= self.most * MOST_WAITING:
                future.set_exception(
                    Refused("unavailable", "Too much waits to be written just now. Retrying.")
                )
                return future
            if self.thread is None:
                thread = threading.Thread(target=self._run, name="batches", daemon=True)
                thread.start()  # raises where the interpreter is ending: nothing is taken then
                self.thread = thread
            self.waiting.append((item, future))
            self.changed.notify_all()
        return future

    def flush(self, seconds):
        """Write what waits now; return whether that was done, and the thread gone, within so many seconds."""
        with self.changed:
            self.is_flushing = True
            self.changed.notify_all()
            done = self.changed.wait_for(lambda: self.thread is None, seconds)
            self.is_flushing = False
            return done

    def _run(self):
        while True:
            while found := self._take():
                self._write(*zip(*found, strict=True))
            connections.close_all()
            with self.changed:
                if not self.waiting:  # else it came while the connection was closed
                    self.thread = None
                    self.changed.notify_all()
                    return

    def _take(self):
        """Return [(item, Future)] when it is time to write them; [] where none comes for a while."""
        with self.changed:
            until = time.monotonic() + LINGER
            while not self.is_flushing:
                now = time.monotonic()
                if now >= (self.next if self.waiting else until):
                    break
                self.changed.wait((self.next if self.waiting else until) - now)
            return [self.waiting.popleft() for _ in range(min(self.most, len(self.waiting)))]

    def _write(self, items, futures):
        began = time.monotonic()
        try:
            result = self.write(list(items))
        except BaseException as error:  # whatever it is: who waits is told, and the thread goes on
            if isinstance(error, DatabaseError):
                log.warning("%d things were not written: %s", len(items), str(error).strip())
            else:
                log.exception("%d things were not written", len(items))
            connections.close_all()
            for future in futures:
                future.set_exception(error)
        else:
            for future in futures:
                future.set_result(result)
        self.next = began + self.pause * self._share()

    def _share(self):
        try:
            return max(1, len(processes("ws")) / 3)
        except Exception as error:  # of another release, which says it otherwise
            log.debug("How many processes there are is not known: %r", error)
            return 1


def _begin():
    for batches in _all:
        batches.begin()


os.register_at_fork(after_in_child=_begin)


@atexit.register
def flush(seconds=FLUSH_SECONDS):
    """Write what waits now, and wait for it, so long at most; return whether all is written.

    The notices that writing has caused go out, too.
    """
    deadline = time.monotonic() + seconds
    done = [batches.flush(max(0, deadline - time.monotonic())) for batches in _all]
    notices.flush()
    return all(done)
