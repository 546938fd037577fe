"""The job: a row that is the whole truth about a piece of work; and the periodic tasks' next times."""

import uuid
from functools import partial

from django.conf import settings
from django.db import models, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from partyline.live import wake

from . import drawing
from .claims import JobQuerySet
from .held import TEXT, OfTask, OfWorker
from .sql import update_returning

MAX_ATTEMPTS = 5


class Job(OfTask, OfWorker, models.Model):
    """One call of a task. Its holder's verbs are in held.py, anybody's are here."""

    class Status(models.TextChoices):
        READY = "ready"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"  # for good: no attempt is left
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=200)  # dotted path
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    label = models.CharField(max_length=TEXT)  # for people
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="jobs")
    queue = models.CharField(max_length=50, default="default")
    priority = models.SmallIntegerField(default=0)  # higher is sooner
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique in its task; NULL: it has none
    request_id = models.CharField(max_length=64, default="", db_default="")  # of who asked for it

    status = models.CharField(max_length=10, choices=Status, default=Status.READY)
    # When a worker may take it: run-after while ready, the lease's end while running, never when finished.
    due = models.DateTimeField(null=True, db_default=Now())
    token = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=MAX_ATTEMPTS)
    timeout = models.FloatField(null=True)  # seconds of one attempt; None: JOB_TIMEOUT
    cancel_asked = models.BooleanField(default=False, db_default=False)

    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)  # 0: nobody knows
    text = models.CharField(max_length=TEXT, blank=True)
    cursor = models.JSONField(null=True)  # from where the next attempt goes on; the task's own
    lines = models.JSONField(default=list, db_default=[])  # its log: {"at": ISO time, "text": …}
    result = models.JSONField(null=True)
    errors = models.JSONField(default=list)  # {"exception": path, "traceback": text} of failed attempts
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
            models.Index(
                fields=["finished"], name="job_finished", condition=models.Q(finished__isnull=False)
            ),
            models.Index(
                fields=["status", "finished"], name="job_ended", condition=models.Q(finished__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "key"], name="job_key_once", condition=models.Q(key__isnull=False)
            )
        ]

    def __str__(self):
        return f"{self.label} ({self.pk})"

    @property
    def is_ready(self):
        return self.status == self.Status.READY

    @property
    def is_running(self):
        return self.status == self.Status.RUNNING

    @property
    def is_done(self):
        return self.status == self.Status.DONE

    @property
    def is_failed(self):
        return self.status == self.Status.FAILED

    @property
    def is_cancelled(self):
        return self.status == self.Status.CANCELLED

    @property
    def is_finished(self):
        return self.is_done or self.is_failed or self.is_cancelled

    @property
    def folder(self):
        """The folder of its files in the default storage."""
        return f"jobs/{self.pk}"

    def cancel(self):
        """Cancel it: at once while it waits; while it runs, its task is told to stop. False if it is over."""
        waits, running = When(status=self.Status.READY, then=Value("cancelled")), self.Status.RUNNING
        if not self._change(
            [self.Status.READY, running],
            cancel_asked=True,
            status=Case(waits, default=F("status")),
            due=Case(When(status=running, then=F("due"))),
            finished=Case(When(status=self.Status.READY, then=Now())),
        ):
            return False
        if self.is_running:
            self._tell("job.cancel", job=str(self.pk))
        return True

    def retry(self):
        """Try a failed or cancelled job again, from its cursor, with fresh attempts; False for all others."""
        if not self._change(
            [self.Status.FAILED, self.Status.CANCELLED],
            status=self.Status.READY,
            due=Now(),
            finished=None,
            attempts=0,
            cancel_asked=False,
        ):
            return False
        self._tell("job.ready")
        return True

    def show(self):
        """Bring the person's pages up to date once the change is committed."""
        if self.person_id:
            transaction.on_commit(partial(drawing.mark, self.person_id, self.pk), robust=True)

    def _change(self, statuses, **values):
        names = ["status", "due", "finished", "attempts", "cancel_asked"]
        rows = type(self).objects.filter(pk=self.pk, status__in=statuses)
        changed = update_returning(rows, names, **values)
        if changed:
            for name, value in zip(names, changed[0], strict=True):
                setattr(self, name, value)
            self.show()
        return bool(changed)

    def _tell(self, type, **fields):
        transaction.on_commit(partial(wake.send, "jobs", type, **fields), robust=True)


class Schedule(models.Model):
    """When a periodic task is next due; see periodic.py."""

    name = models.CharField(max_length=200, primary_key=True)  # the task's dotted path
    every = models.CharField(max_length=100)  # as the code says it, so that a change of it is noticed
    due = models.DateTimeField()

    def __str__(self):
        return self.name
