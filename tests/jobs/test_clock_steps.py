"""A worker's clock decides nothing; steps of the database's make a job late, or begun twice, never stuck."""

from datetime import UTC, datetime

import job_tasks
import pytest
from django.utils import timezone

from partyline.jobs.interruptions import Lost
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("year", [1999, 2040])
def test_a_workers_clock_does_not_matter(year, monkeypatch):
    job_tasks.count.enqueue(1)
    job_tasks.stumble.using(max_attempts=2).enqueue("ouch")
    monkeypatch.setattr(timezone, "now", lambda: datetime(year, 1, 1, tzinfo=UTC))
    first, second = (Job.objects.claim("wrong", 30) for _ in range(2))
    assert Job.objects.claim("wrong", 30) is None
    first.renew(30)
    second.fail(ValueError())
    assert Job.objects.claim("wrong", 30) is None  # neither the lease nor the backoff is over


def test_set_forward_another_worker_goes_on_and_the_first_is_refused(clock):
    job_tasks.count.enqueue(1)
    first = Job.objects.claim("first", 30)
    clock(3600)
    second = Job.objects.claim("second", 30)
    assert second.pk == first.pk
    with pytest.raises(Lost):
        first.finish("first")
    second.finish("second")
    assert Job.objects.get().result == "second"


def test_a_lease_that_is_renewed_in_the_new_time_holds(clock):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    for hours in [1, -1, 5]:
        clock(hours * 3600)
        job.renew(30)
        assert Job.objects.claim("other", 30) is None
    job.finish(None)


def test_set_back_what_waits_is_done_when_the_time_has_come_again(clock, work):
    clock(3600)
    job_tasks.count.enqueue(1)
    clock(0)
    work()
    assert Job.objects.get().is_ready
    clock(3601)
    work()
    assert Job.objects.get().is_done
