"""What goes into a job is JSON, and what is not is refused in words, before anything is written."""

import math

import job_tasks
import pytest
from django.db import transaction

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
NO_JSON = [
    {1, 2},
    object(),
    b"\xff",
    math.nan,
    -math.inf,
    "a\0b",
    "\ud800",
    {"deep": [{"er": math.nan}]},
    {"\0": 1},
]


@pytest.mark.parametrize("payload", [None, True, 1, 2.5, "ü😀\\u0000", [1, [2]], {"a": {"b": []}}])
def test_it_works(payload):
    job = Job.objects.get(pk=job_tasks.write.enqueue("out", payload).id)
    assert job.args == ["out", payload]
    job = Job.objects.claim("w", 30)
    job.report(1, cursor=payload)
    job.finish(payload)
    job.refresh_from_db()
    assert (job.result, job.cursor) == (payload, payload)


@pytest.mark.parametrize("payload", NO_JSON, ids=repr)
def test_arguments(payload):
    for arguments, named in [((payload,), {}), ((), {"text": payload})]:
        with transaction.atomic():  # which is not harmed
            with pytest.raises((TypeError, ValueError), match="job_tasks.write is called with must be JSON"):
                job_tasks.write.enqueue(*arguments, **named)
            assert not Job.objects.exists()


@pytest.mark.parametrize("payload", NO_JSON, ids=repr)
def test_cursors(payload):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    for verb in [lambda: job.report(1, cursor=payload), lambda: job.advance(payload)]:
        with pytest.raises((TypeError, ValueError), match="A cursor must be JSON"):
            verb()
    job.finish(None)
    assert Job.objects.get().cursor is None
