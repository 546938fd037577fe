"""A job that never ends: its attempt fails with the stack of its thread; its worker works on, or ends."""

import job_tasks
import pytest
from django.db import connection
from job_tools import until

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def failed(task):
    return until(lambda: Job.objects.filter(task=f"job_tasks.{task}", status="failed").first())


def test_it_works(tmp_path, worker):
    job_tasks.spin.using(timeout=0.5, max_attempts=1).enqueue(str(tmp_path))
    process = worker("--concurrency", 1)
    error = failed("spin").errors[0]
    assert error["exception"] == "partyline.jobs.interruptions.TimedOut"
    assert "It took longer than 0.5 s." in error["traceback"]
    assert "in spin" in error["traceback"] and "time.sleep(0.01)" in error["traceback"]
    until((tmp_path / "ended").exists)
    assert (tmp_path / "ended").read_text() == "TimedOut"
    job_tasks.count.enqueue(1)
    until(lambda: Job.objects.filter(status="done").exists())
    assert process.poll() is None


def test_without_a_word_the_setting_counts(tmp_path, worker):
    job_tasks.spin.using(max_attempts=1).enqueue(str(tmp_path))
    worker(JOB_TIMEOUT="0.5")
    failed("spin")


def test_it_is_tried_again(tmp_path, worker):
    job_tasks.spin.using(timeout=0.5).enqueue(str(tmp_path))
    worker()
    until(lambda: Job.objects.filter(status="ready", attempts=1).exists())
    (tmp_path / "go").touch()
    until(lambda: Job.objects.filter(status="done", attempts=2).exists())


def test_what_its_thread_writes_later_is_refused(tmp_path, worker):
    job_tasks.deaf.using(timeout=0.5, max_attempts=1).enqueue(str(tmp_path))
    worker()
    failed("deaf")
    until((tmp_path / "heard").exists)
    before = Job.objects.values().get()
    (tmp_path / "go").touch()
    until((tmp_path / "ended").exists)
    assert (tmp_path / "ended").read_text() == "Lost"
    assert Job.objects.values().get() == before


def test_too_many_threads_that_do_not_end_end_the_worker(tmp_path, worker):
    for _ in range(2):
        job_tasks.deaf.using(timeout=0.5, max_attempts=1).enqueue(str(tmp_path))
    process = worker("--concurrency", 1, "--grace", 20)
    assert process.wait(30) == 1
    assert "this process must begin anew" in process.log.read_text()
    assert Job.objects.filter(status="failed").count() == 2


def test_a_locked_row_ends_the_worker_not_the_job(tmp_path, worker):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: nobody could do anything")
    job_tasks.lock_up.using(timeout=0.5, max_attempts=2).enqueue(str(tmp_path))
    for _ in range(2):
        assert worker("--lease", 2).wait(30) == 1
    worker("--lease", 2)
    job = failed("lock_up")
    assert "stopped in mid-job" in job.errors[-1]["traceback"]


def test_one_that_holds_the_database_is_interrupted(tmp_path, worker):
    """On SQLite nobody can put it down before it has let go of the one writer's place."""
    job_tasks.hold.using(timeout=0.5, max_attempts=1).enqueue(str(tmp_path))
    worker()
    until((tmp_path / "ended").exists, 60)
    assert failed("hold").errors[0]["exception"] == "partyline.jobs.interruptions.TimedOut"


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_is_none_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout of job_tasks.count must be above 0"):
        job_tasks.count.using(timeout=timeout)
