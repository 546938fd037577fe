"""SIGTERM: what runs is finished within the grace, or given back at no cost; a second one ends at once."""

import job_tasks
import pytest
from job_tools import until

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(tmp_path, worker):
    def start(*options):
        job_tasks.wait.enqueue(str(tmp_path))
        process = worker(*options)
        until(lambda: (tmp_path / "started").exists())
        return process

    return start


def test_a_job_is_finished_within_the_grace(tmp_path, busy):
    process = busy("--grace", 20)
    process.terminate()
    until(lambda: "stops" in process.log.read_text())
    job_tasks.write.enqueue(str(tmp_path / "out"), "not by this worker")
    (tmp_path / "go").touch()
    assert process.wait(10) == 0
    assert sorted(Job.objects.values_list("task", "status")) == [
        ("job_tasks.wait", "done"),
        ("job_tasks.write", "ready"),
    ]


def test_a_job_that_takes_longer_is_given_back(tmp_path, busy, worker):
    process = busy("--grace", 0.5)
    process.terminate()
    assert process.wait(10) == 0
    job = Job.objects.get()
    assert (job.status, job.attempts, job.errors) == ("ready", 0, [])
    (tmp_path / "go").touch()
    worker()
    until(lambda: Job.objects.filter(status="done", attempts=1).exists())


def test_a_second_sigterm_ends_at_once(busy):
    process = busy("--grace", 60)
    process.terminate()
    until(lambda: "stops" in process.log.read_text())
    process.terminate()
    assert process.wait(5) == 143
    assert Job.objects.get().status == "running"  # until its lease runs out


def test_an_idle_worker_ends_at_once(worker):
    process = worker("--grace", 60)
    process.terminate()
    assert process.wait(5) == 0
