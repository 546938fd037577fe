"""Our backend of the django_tasks API: enqueue() writes a row in the caller's transaction."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued

from partyline import request_id
from partyline.live import wake

from .held import TEXT
from .models import MAX_ATTEMPTS, Job
from .payload import as_json, shortened

STATUS = {
    Job.Status.READY: TaskResultStatus.READY,
    Job.Status.RUNNING: TaskResultStatus.RUNNING,
    Job.Status.DONE: TaskResultStatus.SUCCESSFUL,
    Job.Status.FAILED: TaskResultStatus.FAILED,
    Job.Status.CANCELLED: TaskResultStatus.FAILED,  # the API has no word for it
}
KEY = 200  # characters


class UnknownTask(LookupError):
    """This release has no such task. Another may have it: while one is rolled out, both are at work."""

    least_wait = 30  # seconds until the next attempt


@dataclass(frozen=True, kw_only=True)
class JobTask(Task):
    """A task whose jobs are rows of ours; what it adds are keywords of @task and of using().

    `label` and `person`: what it is called on whose pages. `max_attempts`. `timeout`: seconds of one
    attempt. `key`: a job of this task that has the same key is not enqueued again while its row is kept.
    """

    label: str = ""
    person: Any = None
    max_attempts: int = MAX_ATTEMPTS
    timeout: float | None = None  # JOB_TIMEOUT
    key: str | None = None

    def using(self, *, label=None, person=None, max_attempts=None, timeout=None, key=None, **changes):
        ours = {
            "label": label,
            "person": person,
            "max_attempts": max_attempts,
            "timeout": timeout,
            "key": key,
        }
        ours = {name: value for name, value in ours.items() if value is not None}
        return replace(Task.using(self, **changes), **ours)


@dataclass(frozen=True, kw_only=True)
class JobContext(TaskContext):
    """What a task that takes_context gets: `context.job` has the verbs of held.OfTask."""

    job: Job


class JobsBackend(BaseTaskBackend):
    """Tasks as rows of partyline.jobs, run by `manage.py worker`."""

    task_class = JobTask
    supports_defer = supports_get_result = supports_priority = True

    def validate_task(self, task):
        super().validate_task(task)
        if task.timeout is not None and not task.timeout > 0:
            raise ValueError(f"The timeout of {task.module_path} must be above 0 seconds.")
        if task.key is not None and not 0 < len(task.key) <= KEY:
            raise ValueError(f"A key of {task.module_path} has 1 to {KEY} characters.")

    def enqueue(self, task, args, kwargs):
        """Write the row and return its TaskResult; of a key that is there already, the first job's.

        Raises TypeError or ValueError for arguments that are not JSON.
        """
        self.validate_task(task)
        what = f"What {task.module_path} is called with"
        job = Job(
            task=task.module_path,
            args=as_json(args, what),
            kwargs=as_json(kwargs, what),
            label=shortened(task.label or task.name.replace("_", " ").capitalize(), TEXT),
            person=task.person,
            queue=task.queue_name,
            priority=task.priority,
            max_attempts=task.max_attempts,
            timeout=task.timeout,
            key=task.key,
            request_id=request_id.current(),
            due=task.run_after or Now(),
        )
        if first := self._insert(job):
            return self.result_of(first, task)
        job.show()
        transaction.on_commit(partial(wake.send, "jobs", "job.ready"), robust=True)
        result = self.result_of(job, task)
        task_enqueued.send(type(self), task_result=result)
        return result

    def _insert(self, job):
        """Write the row, or return the job that has its key.

        Where another transaction is about to write that key, this waits for its end.
        """
        if job.key is None:
            job.save(force_insert=True)
            return None
        try:
            with transaction.atomic():  # a savepoint: the caller's transaction outlives the refusal
                job.save(force_insert=True)
        except IntegrityError:
            first = Job.objects.filter(task=job.task, key=job.key).first()
            if first is None:
                raise
            return first

    def get_result(self, result_id):
        try:
            job = Job.objects.get(pk=result_id)
        except (Job.DoesNotExist, ValidationError):
            raise TaskResultDoesNotExist(result_id) from None
        try:
            return self.result_of(job, find(job.task))
        except UnknownTask:
            raise TaskResultDoesNotExist(result_id) from None

    def result_of(self, job, task):
        """Return the job as the API's TaskResult; of the workers only the last one's name is kept."""
        errors = [(error["exception"], error["traceback"]) for error in job.errors]
        result = TaskResult(
            task=task,
            id=str(job.pk),
            status=STATUS[job.status],
            enqueued_at=job.created,
            started_at=job.started,
            finished_at=job.finished,
            last_attempted_at=job.started,
            args=job.args,
            kwargs=job.kwargs,
            backend=self.alias,
            errors=[TaskError(exception_class_path=path, traceback=text) for path, text in errors],
            worker_ids=[job.worker] * job.attempts,
        )
        object.__setattr__(result, "_return_value", job.result)  # as the API's own backends do
        return result


def find(path):
    """Return the task of this dotted path; raises UnknownTask."""
    try:
        task = import_string(path)
    except ImportError as error:
        raise UnknownTask(f"This release has no task {path}: {error}") from error
    if not isinstance(task, JobTask):
        raise UnknownTask(f"{path} is not a task in this release.")
    return task
