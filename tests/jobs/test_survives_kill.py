"""kill -9: the lease of the killed worker runs out, and another worker does its job."""

import job_tasks
import pytest
from job_tools import started, until

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def test_another_worker_goes_on(tmp_path, worker):
    job_tasks.wait.enqueue(str(tmp_path))
    first = worker("--lease", 2)
    until(lambda: started(tmp_path) == [str(first.pid)])
    first.kill()
    second = worker("--lease", 2)
    until(lambda: started(tmp_path) == [str(first.pid), str(second.pid)])
    (tmp_path / "go").touch()
    job = until(lambda: Job.objects.filter(status="done").first())
    assert job.attempts == 2
    assert "stopped in mid-job" in job.errors[0]["traceback"]


def test_a_living_worker_keeps_its_job_for_longer_than_a_lease(tmp_path, worker):
    job_tasks.wait.enqueue(str(tmp_path))
    first = worker("--lease", 1)
    until(lambda: started(tmp_path))
    worker("--lease", 1)
    until(lambda: Job.objects.get().done > 150)  # steps of 20 ms: three leases
    assert started(tmp_path) == [str(first.pid)]
    (tmp_path / "go").touch()
    assert until(lambda: Job.objects.filter(status="done").first()).attempts == 1


def test_each_of_many_jobs_is_done_once(tmp_path, worker):
    path = str(tmp_path / "out")
    for number in range(100):
        job_tasks.write.enqueue(path, number)
    for _ in range(3):
        worker("--concurrency", 3)
    until(lambda: not Job.objects.exclude(status="done").exists())
    assert sorted(map(int, open(path).read().split())) == list(range(100))


def test_jobs_get_done_though_workers_are_killed_all_the_time(tmp_path, worker):
    path = str(tmp_path / "out")
    for number in range(60):
        job_tasks.write.using(max_attempts=20).enqueue(path, number)
    for _ in range(4):
        process, left = worker("--lease", 1), Job.objects.exclude(status="done").count()
        until(lambda left=left: not left or Job.objects.exclude(status="done").count() < left)
        process.kill()
    worker("--lease", 1)
    until(lambda: not Job.objects.exclude(status="done").exists())
    assert set(map(int, open(path).read().split())) == set(range(60))
