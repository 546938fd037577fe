"""Our backend of the django_tasks API: enqueue() writes a row in the caller's transaction."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskContext, TaskError, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json

from partyline.live import wake

from .models import MAX_ATTEMPTS, TEXT, Job, clean

STATUS = {
    Job.Status.READY: TaskResultStatus.READY,
    Job.Status.RUNNING: TaskResultStatus.RUNNING,
    Job.Status.DONE: TaskResultStatus.SUCCESSFUL,
    Job.Status.FAILED: TaskResultStatus.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class JobTask(Task):
    """A task whose jobs have a label and belong to a person; all three are keywords of @task and using()."""

    label: str = ""
    person: Any = None
    max_attempts: int = MAX_ATTEMPTS

    def using(self, *, label=None, person=None, max_attempts=None, **changes):
        ours = {"label": label, "person": person, "max_attempts": max_attempts}
        ours = {name: value for name, value in ours.items() if value is not None}
        return replace(Task.using(self, **changes), **ours)


@dataclass(frozen=True, kw_only=True)
class JobContext(TaskContext):
    """What a task that takes_context gets: `context.job` has the verbs report() and attach()."""

    job: Job


class JobsBackend(BaseTaskBackend):
    """Tasks as rows of partyline.jobs, run by `manage.py worker`."""

    task_class = JobTask
    supports_defer = supports_get_result = supports_priority = True

    def enqueue(self, task, args, kwargs):
        """Write the row and return its TaskResult; raises TypeError or ValueError for what is not JSON."""
        self.validate_task(task)
        job = Job(
            task=task.module_path,
            args=normalize_json(args),
            kwargs=normalize_json(kwargs),
            label=clean(task.label or task.name.replace("_", " ").capitalize(), TEXT),
            person=task.person,
            queue=task.queue_name,
            priority=task.priority,
            max_attempts=task.max_attempts,
        )
        if task.run_after:
            job.due = task.run_after
        job.save(force_insert=True)
        job.show()
        transaction.on_commit(partial(wake.send, "jobs"), robust=True)
        result = self.result_of(job, task)
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id):
        try:
            job = Job.objects.get(pk=result_id)
        except (Job.DoesNotExist, ValidationError):
            raise TaskResultDoesNotExist(result_id) from None
        return self.result_of(job, import_string(job.task))

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
