"""What a task has said in this attempt, and what of it is not saved yet."""

import threading
import time
from contextlib import contextmanager

SECONDS = 0.25  # what a task says is saved at most so often


class Progress:
    """Values of the job's fields, by name. Two threads save them: the task's own and the keeper's."""

    def __init__(self):
        self.said, self._unsaved = {}, {}
        self._saved = float("-inf")  # time.monotonic()
        self._lock = threading.Lock()  # never held while the database is asked
        self._saving = threading.Lock()  # so that an older value never comes after a newer one

    def say(self, **values):
        """Take new values."""
        with self._lock:
            self.said |= values
            self._unsaved |= values

    def forget(self, name):
        """Leave the saving of a field to somebody else from now on."""
        with self._lock:
            self.said.pop(name, None)
            self._unsaved.pop(name, None)

    def is_due(self):
        """Tell whether it is time to save again."""
        return time.monotonic() - self._saved >= SECONDS

    @contextmanager
    def to_save(self):
        """Give what is to be saved, {} while the other thread is at it; after an error it is so again."""
        if not self._saving.acquire(blocking=False):
            yield {}
            return
        try:
            with self._lock:
                values, self._unsaved = self._unsaved, {}
            self._saved = time.monotonic()
            try:
                yield values
            except BaseException:
                with self._lock:
                    self._unsaved = values | self._unsaved
                raise
        finally:
            self._saving.release()
