"""How a worker comes by its next job."""

from datetime import timedelta

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Concat, JSONObject, Now
from django_tasks.utils import get_exception_traceback, get_module_path

from .payload import clean
from .sql import Appended, free, update_returning

TRACEBACK = 20_000  # characters kept


class WorkerStopped(Exception):
    """The worker of a job stopped without a word, and its lease ran out."""


def describe(error):
    """Return what is kept of an exception; of a long traceback the end, which says most."""
    traceback = clean(get_exception_traceback(error))
    return {"exception": get_module_path(type(error)), "traceback": traceback[-TRACEBACK:]}


WORKER_STOPPED = JSONObject(
    exception=Value(get_module_path(WorkerStopped), models.TextField()),
    traceback=Concat("worker", Value(" stopped in mid-job."), output_field=models.TextField()),
)


class JobQuerySet(models.QuerySet):
    """Jobs, and the claim on the next one."""

    def claim(self, worker, lease):
        """Return the next due job, held by `worker` for `lease` seconds, or None; in one statement.

        1. The due job of the highest priority, the longest due first, among those that no other
           worker is claiming right now (SKIP LOCKED; SQLite has one writer at a time).
        2. Its token rises: from here on it is ours. Was it running, it has lost its worker.
        3. What nobody wants any more, or has killed its workers in all its attempts, is put down
           so, lest it go on for ever; take the next.
        """
        due = self.filter(due__lte=Now()).order_by("-priority", "due")[:1]
        names = [field.attname for field in self.model._meta.concrete_fields]
        running = self.model.Status.RUNNING
        while rows := update_returning(
            self.filter(pk=free(due)),
            [field.name for field in self.model._meta.concrete_fields],
            errors=Case(When(status=running, then=Appended("errors", WORKER_STOPPED)), default=F("errors")),
            status=running,
            token=F("token") + 1,
            attempts=F("attempts") + 1,
            worker=worker,
            started=Now(),
            due=Now() + timedelta(seconds=lease),
        ):
            job = self.model.from_db(self.db, names, rows[0])
            if job.cancel_asked:
                job.confirm_cancel()
            elif job.attempts > job.max_attempts:
                job.give_up()
            else:
                job.show()
                return job
        return None
