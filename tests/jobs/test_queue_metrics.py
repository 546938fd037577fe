"""The queue's age and size are told, for workers to be scaled by."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from partyline.jobs.metrics import QueueCollector
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def told():
    """Return {(metric, state): value}."""
    return {
        (family.name.removeprefix("partyline_"), sample.labels.get("state", "")): sample.value
        for family in QueueCollector().collect()
        for sample in family.samples
    }


def job(state, **fields):
    return Job.objects.create(task="x", label="x", status=state, **fields)


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def test_it_works():
    job(Job.Status.READY, due=ago(100))
    job(Job.Status.READY, due=ago(10))
    job(Job.Status.RUNNING, due=ago(-20), started=ago(40))
    found = told()
    assert found["jobs", "ready"] == 2 and found["jobs", "running"] == 1
    assert 100 <= found["job_queue_age_seconds", ""] == found["job_age_seconds", "ready"] < 160
    assert 40 <= found["job_age_seconds", "running"] < 100


def test_an_empty_queue_has_no_age():
    assert set(told().values()) == {0}


def test_one_that_is_not_due_does_not_wait():
    job(Job.Status.READY, due=ago(-600))
    found = told()
    assert found["job_queue_age_seconds", ""] == 0 and found["jobs", "ready"] == 1


def test_finished_ones_do_not_count():
    job(Job.Status.DONE, due=None), job(Job.Status.FAILED, due=None)
    assert set(told().values()) == {0}


def test_a_database_that_is_away_tells_nothing():
    def away(*args):
        raise OperationalError("away")

    with connection.execute_wrapper(away):
        assert told() == {}
