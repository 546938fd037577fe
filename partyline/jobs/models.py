"""The job: a row that is the whole truth about a piece of work, and the verbs of the worker that holds it.

Who holds a job holds its `token`, a number that every claim raises. Every write of a worker is an
UPDATE with that token in its WHERE, so one that was only slow, and whose lease ran out, can no longer
change anything: its write raises Lost. Times that decide something are the database's, never a worker's.
"""

import random
import time
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from .claims import JobQuerySet, describe

MAX_ATTEMPTS = 5
REPORT_SECONDS = 0.25  # a report is saved and shown at most so often
LONGEST_BACKOFF = 600  # seconds
TEXT = 200  # characters of a label or a report


class Lost(Exception):
    """The job is no longer this worker's: its lease ran out, or it was given back."""


class Job(models.Model):
    """One call of a task."""

    class Status(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"  # for good: no attempt is left

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=200)  # dotted path
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    label = models.CharField(max_length=TEXT)  # for people
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="jobs")
    queue = models.CharField(max_length=50, default="default")
    priority = models.SmallIntegerField(default=0)  # higher is sooner

    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    # When a worker may take it: run-after while ready, the lease's end while running, never when finished.
    due = models.DateTimeField(null=True, db_default=Now())
    token = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS)

    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)  # 0: nobody knows
    text = models.CharField(max_length=TEXT, blank=True)
    result = models.JSONField(null=True)
    errors = models.JSONField(default=list)  # {"exception": path, "traceback": text} of each failed attempt
    file = models.CharField(max_length=255, blank=True)  # its name in the default storage

    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created"]
        indexes = [
            # Only what is not finished, however many finished rows there are.
            models.Index(
                models.F("priority").desc(), "due", name="job_due", condition=models.Q(due__isnull=False)
            ),
            models.Index(fields=["person", "-created"], name="job_person"),
        ]

    def __str__(self):
        return f"{self.label} ({self.pk})"

    @property
    def is_running(self):
        return self.status == self.Status.RUNNING

    @property
    def is_done(self):
        return self.status == self.Status.DONE

    @property
    def is_failed(self):
        return self.status == self.Status.FAILED

    # Verbs of a task.

    def report(self, done, total=0, text=""):
        """Say how far it is. Saved and shown at most 4 times a second; the last one always is.

        Raises Lost once the job is another worker's: let it pass, the task must stop.
        """
        self.done, self.total, self.text = max(0, int(done)), max(0, int(total)), clean(text, TEXT)
        self._reported = True
        if time.monotonic() - self._saved >= REPORT_SECONDS:
            self._save_report()

    def attach(self, name, content):
        """Keep the content (str, bytes or a File) as the job's file, in place of an earlier one.

        The stored name holds the token, so that a late worker cannot touch its successor's file.
        """
        content = content if isinstance(content, File) else ContentFile(content)
        name = f"jobs/{self.pk}/{self.token}/{default_storage.get_valid_name(name)}"
        before, path = self.file, default_storage.save(name, content, max_length=255)
        try:
            self._write(file=path)
        except BaseException:
            default_storage.delete(path)
            raise
        self.file = path
        if before:
            default_storage.delete(before)

    # Verbs of a worker.

    def renew(self, lease):
        """Hold the job for `lease` more seconds, and save a report that came too soon to be saved.

        A locked row is passed over: the task's own open transaction locks it, and no claim takes
        what is locked. Waiting for it would let the leases of the other jobs run out.
        """
        reported, self._reported = self._reported, False
        fields = self._report() if reported else {}
        with transaction.atomic():
            if self._held().select_for_update(skip_locked=True).exists():
                self._write(due=Now() + timedelta(seconds=lease), **fields)

    def finish(self, result):
        """Put it down as done."""
        self._write(status=self.Status.DONE, due=None, finished=Now(), result=result, **self._report())
        self.status, self.result = self.Status.DONE, result

    def fail(self, error):
        """Put down the error: tried again after a while, or failed for good if no attempt is left."""
        errors = [*self.errors, describe(error)]
        if self.attempts < self.max_attempts:
            wait = min(2**self.attempts, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
            due = Now() + timedelta(seconds=wait)
            self._write(status=self.Status.READY, due=due, errors=errors, **self._report())
            self.status = self.Status.READY
        else:
            self._write(status=self.Status.FAILED, due=None, finished=Now(), errors=errors, **self._report())
            self.status, self.errors = self.Status.FAILED, errors

    def give_back(self):
        """Let another worker take it at once; the attempt does not count."""
        self._write(status=self.Status.READY, due=Now(), attempts=models.F("attempts") - 1)

    # How they write.

    _saved = float("-inf")  # time.monotonic() of the last saved report
    _reported = False  # whether there is a report that is not saved

    def _report(self):
        return {"done": self.done, "total": self.total, "text": self.text}

    def _save_report(self):
        self._saved, self._reported = time.monotonic(), False
        self._write(**self._report())

    def _held(self):
        return Job.objects.filter(pk=self.pk, token=self.token, status=self.Status.RUNNING)

    def _write(self, **fields):
        if not self._held().update(**fields):
            raise Lost(f"Job {self.pk} is no longer held with token {self.token}.")
        if fields.keys() != {"due"}:
            self.show()

    def show(self):
        """Bring the person's pages up to date once the change is committed."""
        from .pages import show_jobs

        if self.person_id:
            transaction.on_commit(lambda: show_jobs(self.person_id), robust=True)


def clean(text, length):
    """Return the text as every database takes it: without NUL, its end cut off where it is too long."""
    text = str(text).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= length else text[: length - 1] + "…"
