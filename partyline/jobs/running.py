"""Run one attempt of a job, and put down how it ended."""

import logging
import time

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from django_tasks import task_backends
from django_tasks.signals import task_finished, task_started

from .backend import JobContext, find
from .interruptions import Cancelled, Lost, Stopping
from .metrics import ENDED
from .payload import as_json

log = logging.getLogger(__name__)


def run(job, patience):
    """Run the job's task here; raises Lost if the job is another worker's by the end.

    A database that is away when the end is to be put down is waited for, `patience` seconds.
    """
    backend, task, began = task_backends["default"], None, time.monotonic()
    try:
        task = find(job.task)
        result = backend.result_of(job, task)
        task_started.send(type(backend), task_result=result)
        context = [JobContext(task_result=result, job=job)] if task.takes_context else []
        value = as_json(task.call(*context, *job.args, **job.kwargs), "What a task returns")
    except Lost:
        raise
    except Stopping:
        _put_down(patience, job.give_back)
        log.info("Job %s is given back.", job.pk)
    except Cancelled:
        _put_down(patience, job.confirm_cancel)
    except BaseException as error:  # SystemExit too: the job has failed, not the worker
        log.exception("Job %s failed in attempt %s of %s.", job.pk, job.attempts, job.max_attempts)
        _put_down(patience, job.fail, error)
    else:
        try:
            _put_down(patience, job.finish, value)
        except (DataError, IntegrityError) as error:  # a number beyond the database's, for example
            _put_down(patience, job.fail, error)
    ENDED.labels(job.status).inc()
    log.info("Job %s is %s after %.3f s.", job.pk, job.status, time.monotonic() - began)
    if task and job.is_finished:
        task_finished.send(type(backend), task_result=backend.result_of(job, task))


def _put_down(patience, verb, *arguments):
    """Write the end of a job, over a database that is away for a while."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return verb(*arguments)
        except (InterfaceError, OperationalError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
