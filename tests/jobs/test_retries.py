"""A job that raises is tried again, later and later; with no attempt left it is failed."""

import job_tasks
import pytest
from django.db.models.functions import Now
from django.utils import timezone
from django_tasks import task_backends
from django_tasks.exceptions import TaskResultDoesNotExist

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def no_waiting():
    Job.objects.filter(status="ready").update(due=Now())


def test_it_is_tried_again_and_then_failed(work):
    result = job_tasks.stumble.enqueue("ouch")
    work()
    job = Job.objects.get()
    assert (job.status, job.attempts, len(job.errors)) == ("ready", 1, 1)
    assert job.due > timezone.now()
    no_waiting()
    work()
    job.refresh_from_db()
    assert (job.status, job.attempts, job.due) == ("failed", 2, None)
    assert job.finished
    assert [error["exception"] for error in job.errors] == ["builtins.ValueError"] * 2
    assert "ValueError: ouch" in job.errors[0]["traceback"]
    result.refresh()
    assert result.errors[0].exception_class is ValueError
    no_waiting()
    work()
    job.refresh_from_db()
    assert job.attempts == 2


def test_waiting_grows():
    job_tasks.stumble.using(max_attempts=10).enqueue("ouch")
    waits = []
    for _ in range(4):
        no_waiting()
        job = Job.objects.claim("w", 30)
        job.fail(ValueError("ouch"))
        job.refresh_from_db()
        waits.append((job.due - timezone.now()).total_seconds())
    assert waits == sorted(waits)
    assert 1 < waits[0] < 3 and 10 < waits[3] < 21


def test_a_task_that_this_release_does_not_know_is_an_error_of_the_job(work):
    for path in ["partyline.gone.task", "job_tasks.gone", "job_tasks.just_a_function"]:
        Job.objects.create(task=path, label="Gone", max_attempts=1)
    work()
    kinds = {job.task: job.errors[0]["exception"] for job in Job.objects.filter(status="failed")}
    assert set(kinds.values()) == {"partyline.jobs.backend.UnknownTask"}
    text = Job.objects.get(task="job_tasks.gone").errors[0]["traceback"]
    assert "This release has no task job_tasks.gone" in text


def test_a_task_that_is_back_before_the_last_attempt_is_done(work, monkeypatch):
    """While a release is rolled out, a worker of the other one may claim what it does not know."""
    result = job_tasks.count.enqueue(1)
    with monkeypatch.context() as other_release:
        other_release.delattr(job_tasks, "count")
        work()
        job = Job.objects.get()
        assert (job.status, job.attempts) == ("ready", 1)
        assert (job.due - timezone.now()).total_seconds() > 29  # a roll takes its time
        with pytest.raises(TaskResultDoesNotExist):
            task_backends["default"].get_result(result.id)
    no_waiting()
    work()
    assert Job.objects.get().is_done


def test_a_task_cannot_end_its_worker(work):
    job_tasks.leave.enqueue()
    job_tasks.count.enqueue(1)
    work()
    assert sorted(Job.objects.values_list("status", flat=True)) == ["done", "failed"]


@pytest.mark.parametrize("kind", ["a set", "not a number", "nothing"])
def test_a_result_that_the_database_cannot_keep_is_an_error_of_the_job(kind, work):
    job_tasks.not_json.using(max_attempts=1).enqueue(kind)
    work()
    job = Job.objects.get()
    assert job.status == "failed"
    assert "What a task returns must be JSON" in job.errors[0]["traceback"]


def test_a_job_that_kills_its_workers_is_failed_in_the_end():
    job_tasks.count.using(max_attempts=2).enqueue(1)
    for _ in range(2):
        assert Job.objects.claim("w", lease=-1).is_running
    assert Job.objects.claim("w", lease=-1) is None
    job = Job.objects.get()
    assert (job.status, job.attempts) == ("failed", 2)
    assert "w stopped in mid-job" in job.errors[-1]["traceback"]
