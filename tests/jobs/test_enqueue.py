"""Enqueueing writes a row in the caller's transaction, and wakes a worker after COMMIT."""

from datetime import timedelta

import job_tasks
import pytest
from django.db import transaction
from django.utils import timezone
from django_tasks import TaskResultStatus, task_backends
from django_tasks.exceptions import TaskResultDoesNotExist

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def woken(monkeypatch):
    messages = []
    monkeypatch.setattr("partyline.live.wake.send", lambda *message: messages.append(message))
    return messages


def test_it_works(tmp_path, woken, work):
    result = job_tasks.write.enqueue(str(tmp_path / "out"), text="hello")
    assert result.status == TaskResultStatus.READY
    assert woken == [("jobs", "job.ready")]
    work()
    result.refresh()
    assert result.status == TaskResultStatus.SUCCESSFUL
    assert result.return_value == {"wrote": "hello"}
    assert (tmp_path / "out").read_text() == "hello\n"


def test_it_becomes_real_with_commit_only(tmp_path, woken):
    with transaction.atomic():
        job_tasks.write.enqueue(str(tmp_path / "out"), "hello")
        assert not woken
    assert woken == [("jobs", "job.ready")]
    assert Job.objects.count() == 1


def test_a_rollback_leaves_no_job(tmp_path, woken):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        job_tasks.write.enqueue(str(tmp_path / "out"), "hello")
        raise ZeroDivisionError
    assert not woken
    assert not Job.objects.exists()


def test_label_person_and_attempts_are_said_per_job(alice):
    job_tasks.count.using(person=alice, label="x" * 500 + "\0", max_attempts=7, priority=3).enqueue(1)
    job = Job.objects.get()
    assert (job.person, job.max_attempts, job.priority) == (alice, 7, 3)
    assert len(job.label) == 200
    assert Job.objects.get(pk=job_tasks.count.enqueue(1).id).label == "Count"
    assert Job.objects.get(pk=job_tasks.wait.enqueue("x").id).label == "A long one"


def test_higher_priority_runs_first_and_later_runs_later(tmp_path, work):
    path = str(tmp_path / "out")
    job_tasks.write.enqueue(path, "second")
    job_tasks.write.enqueue(path, "third")
    job_tasks.write.using(priority=5).enqueue(path, "first")
    later = job_tasks.write.using(run_after=timezone.now() + timedelta(hours=1)).enqueue(path, "later")
    work()
    assert (tmp_path / "out").read_text().split() == ["first", "second", "third"]
    Job.objects.filter(pk=later.id).update(due=timezone.now() - timedelta(seconds=1))
    work()
    assert (tmp_path / "out").read_text().split()[-1] == "later"


def test_an_unknown_result_is_said_so():
    for unknown in ["no-uuid", "00000000-0000-0000-0000-000000000000"]:
        with pytest.raises(TaskResultDoesNotExist):
            task_backends["default"].get_result(unknown)
