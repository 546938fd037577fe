"""How a worker comes by its next job."""

from datetime import timedelta

from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_tasks.utils import get_exception_traceback, get_module_path

TRACEBACK = 20_000  # characters kept


class WorkerStopped(Exception):
    """The worker of a job stopped without a word, and its lease ran out."""


def describe(error):
    """Return what is kept of an exception; of a long traceback the end, which says most."""
    traceback = get_exception_traceback(error).replace("\0", "\N{REPLACEMENT CHARACTER}")
    return {"exception": get_module_path(type(error)), "traceback": traceback[-TRACEBACK:]}


class JobQuerySet(models.QuerySet):
    """Jobs, and the claim on the next one."""

    def claim(self, worker, lease):
        """Return the next due job, held by `worker` for `lease` seconds, or None.

        1. The due job of the highest priority, the longest due first, among those that no other
           worker is claiming right now (SKIP LOCKED; SQLite has one writer at a time).
        2. Raise its token, only if nobody else has: from here on it is ours.
        3. One that was running lost its worker. If that was its last attempt it is put down as
           failed, so that a job which kills its workers does not go on for ever; take the next.
        """
        while True:
            with transaction.atomic():
                due = self.filter(due__lte=Now()).order_by("-priority", "due")
                job = due.select_for_update(skip_locked=True).first()
                if job is None:
                    return None
                status = self.model.Status
                changes = {"token": job.token + 1}
                if job.status == status.RUNNING:
                    stopped = describe(WorkerStopped(f"{job.worker} stopped in mid-job."))
                    changes["errors"] = [*job.errors, stopped]
                if job.status == status.RUNNING and job.attempts >= job.max_attempts:
                    changes |= {"status": status.FAILED, "finished": timezone.now()}
                    due = None
                else:
                    changes |= {"status": status.RUNNING, "started": timezone.now()}
                    changes |= {"worker": worker, "attempts": job.attempts + 1}
                    due = Now() + timedelta(seconds=lease)
                if not self.filter(pk=job.pk, token=job.token).update(due=due, **changes):
                    continue
                for name, value in changes.items():
                    setattr(job, name, value)
                job.show()
            if job.is_running:
                return job
