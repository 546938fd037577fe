"""A rolling update: jobs that the release before this one enqueues meanwhile are done, and lose nothing."""

import uuid

import pytest
from django.db import connection
from django.utils import timezone

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = {  # all that the first release knew of, without what the database gives by itself
    "task": "job_tasks.count",
    "args": "[2]",
    "kwargs": "{}",
    "label": "Count",
    "queue": "default",
    "priority": 0,
    "status": "ready",
    "token": 0,
    "worker": "",
    "attempts": 0,
    "max_attempts": 5,
    "done": 0,
    "total": 0,
    "text": "",
    "errors": "[]",
    "file": "",
}


def test_a_row_of_the_release_before(work):
    row = BEFORE | {"id": uuid.uuid4(), "created": timezone.now()}
    if connection.vendor == "sqlite":
        row["id"] = row["id"].hex
    columns = ", ".join(f'"{name}"' for name in row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_job ({columns}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
        )
    job = Job.objects.get()
    assert (job.cancel_asked, job.lines, job.request_id, job.key, job.timeout) == (False, [], "", None, None)
    work()
    job = Job.objects.get()
    assert job.is_done and job.text == "2 of 2"


def test_a_wake_up_of_the_release_before_wakes(monkeypatch):
    from partyline.jobs.worker import Consumer, Worker

    worker = Worker(1)
    worker.look_at = float("inf")
    Consumer(worker)._dispatch({"type": "wake"})
    assert worker.look_at == 0
