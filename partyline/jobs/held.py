"""The verbs of who holds a job: of the task that does it, and of the worker that runs the task.

Who holds a job holds its `token`, a number that every claim raises. Every write here is an UPDATE with that
token in its WHERE, so a worker that was only slow, and whose lease ran out, can no longer change anything:
its write raises Lost. Times that decide something are the database's, never a worker's.
"""

import random
from datetime import timedelta

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property

from .claims import describe
from .interruptions import Cancelled, Lost, Stopping
from .payload import as_json, shortened
from .progress import Progress
from .sql import free, update_returning

LONGEST_BACKOFF = 600  # seconds
TEXT = 200  # characters of a label or a report
LINE, LINES = 500, 200  # characters of a log line, and lines kept
MOST = 2**63 - 1  # that a database keeps as a number
ERRORS = 20  # errors kept


class Writes:
    """How who holds a job writes."""

    @cached_property
    def _progress(self):
        return Progress()

    _asked = None  # the interruption that somebody asked for

    def _held(self):
        running = self.Status.RUNNING
        return type(self).objects.filter(pk=self.pk, token=self.token, status=running)

    def _write(self, wait=True, **values):
        """Write, and learn whether the job is still wanted; raises Lost.

        With wait=False a locked row is passed over, with Lost too: the task's own open transaction
        locks it, and a thread that serves several jobs must not wait for one.
        """
        rows = self._held() if wait else type(self).objects.filter(pk=free(self._held()))
        written = update_returning(rows, ["status", "cancel_asked"], **values)
        if not written:
            raise Lost(f"Job {self.pk} is no longer held with token {self.token}.")
        [(self.status, cancel_asked)] = written
        if cancel_asked:
            self.ask(Cancelled)
        if values.keys() != {"due"}:
            self.show()


class OfTask(Writes):
    """What a task says and asks, by `context.job`. Let interruptions pass: they are how it is stopped."""

    def report(self, done, total=0, text="", *, cursor=None):
        """Say how far it is, and from where the next attempt would go on (`cursor`, JSON).

        Saved and shown at most 4 times a second; the last one always is. Call it after a transaction,
        not inside: a cursor must not tell of what may be rolled back.
        """
        self.done, self.total = (min(max(0, int(number)), MOST) for number in (done, total))
        self.text = shortened(text, TEXT)
        self._progress.say(done=self.done, total=self.total, text=self.text)
        if cursor is not None:
            self.cursor = as_json(cursor, "A cursor")
            self._progress.say(cursor=self.cursor)
            self.stop_if_asked(Stopping)
        self._save_now_and_then()

    def log(self, text):
        """Add a line to the job's log, whose newest 200 are kept; saved as a report is."""
        line = {"at": timezone.now().isoformat(timespec="milliseconds"), "text": shortened(text, LINE)}
        self.lines = [*self.lines, line][-LINES:]
        self._progress.say(lines=self.lines)
        self._save_now_and_then()

    def advance(self, cursor):
        """Save the cursor in the caller's transaction: with what that does besides, or not at all.

        So that is done once, over kills and late workers: who is no longer the holder gets Lost here.
        For a task that leaves its cursors to this verb alone.
        """
        self.stop_if_asked(Stopping)
        cursor = as_json(cursor, "A cursor")
        self._progress.forget("cursor")  # what is written later must not set it back
        self._write(cursor=cursor)
        transaction.on_commit(lambda: setattr(self, "cursor", cursor))

    def attach(self, name, content):
        """Keep the content (str, bytes or a File) as the job's file, in place of an earlier one.

        The stored name holds the token, so that a late worker cannot touch its successor's file.
        """
        content = content if isinstance(content, File) else ContentFile(content)
        name = f"{self.folder}/{self.token}/{default_storage.get_valid_name(name)}"
        before, path = self.file, default_storage.save(name, content, max_length=255)
        try:
            self._write(file=path)
        except BaseException:
            default_storage.delete(path)
            raise
        self.file = path
        if before:
            default_storage.delete(before)

    def stop_if_asked(self, *others):
        """Raise Cancelled if the holder knows that nobody wants the job any more; asks no database."""
        if self._asked in (Cancelled, *others):
            raise self._asked(f"Job {self.pk}")

    def _save_now_and_then(self):
        if self._progress.is_due():
            with self._progress.to_save() as values:
                if values:
                    self._write(**values)
        self.stop_if_asked()


class OfWorker(Writes):
    """What the worker does with it. The verbs that end an attempt save what the task has said, too."""

    def ask(self, interruption):
        """Have the task raise it (Cancelled or Stopping) as soon as it looks; Cancelled stays."""
        if self._asked is not Cancelled:
            self._asked = interruption

    @property
    def is_unwanted(self):
        """Tell whether its holder knows that it was cancelled."""
        return self._asked is Cancelled

    def is_held(self):
        """Tell whether it is still this worker's; a locked row is no hindrance."""
        return self._held().exists()

    def renew(self, lease):
        """Hold the job for `lease` more seconds, and save a report that came too soon to be saved.

        Returns False where it is not held, or is locked: by its own task most likely, and until that has
        committed no claim takes it either. Its thread learns by its own next write which of the two it is.
        """
        try:
            with self._progress.to_save() as values:
                self._write(wait=False, due=Now() + timedelta(seconds=lease), **values)
        except Lost:
            return False
        return True

    def finish(self, result):
        """Put it down as done."""
        self._write(status=self.Status.DONE, due=None, finished=Now(), result=result, **self._progress.said)
        self.result = result

    def fail(self, error, wait=True):
        """Put down the error: tried again after a while, or failed for good if no attempt is left."""
        errors = [*self.errors, describe(error)][-ERRORS:]
        if self.attempts < self.max_attempts:
            least = getattr(error, "least_wait", 0)
            seconds = min(2**self.attempts, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
            end = self._again(Now() + timedelta(seconds=max(least, seconds)))
        else:
            end = {"status": self.Status.FAILED, "due": None, "finished": Now()}
        self._write(wait, errors=errors, **end, **self._progress.said)
        self.errors = errors

    def give_up(self):
        """Put down as failed what has lost its worker in every attempt."""
        self._write(status=self.Status.FAILED, due=None, finished=Now(), attempts=self.max_attempts)

    def confirm_cancel(self, wait=True):
        """Put it down as cancelled."""
        self._write(wait, status=self.Status.CANCELLED, due=None, finished=Now(), **self._progress.said)

    def give_back(self, wait=True):
        """Let another worker take it at once; the attempt does not count."""
        self._write(wait, attempts=F("attempts") - 1, **self._again(Now()), **self._progress.said)

    def _again(self, due):
        """Return what makes it ready again at `due`, or cancelled if somebody asked for that meanwhile."""
        unwanted = {"cancel_asked": True}
        return {
            "status": Case(When(**unwanted, then=Value("cancelled")), default=Value("ready")),
            "due": Case(When(**unwanted, then=None), default=due),
            "finished": Case(When(**unwanted, then=Now()), default=None),
        }
