"""A worker may have two attempts of a job: an earlier one that has not come back, and the one it holds."""

import job_tasks
import pytest
from job_tools import until

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(tmp_path, worker):
    """The lease ran out under a living task, as while the database is away; the same worker claims again."""
    job_tasks.wait.enqueue(str(tmp_path))
    worker("--concurrency", 2, "--lease", 2)
    until((tmp_path / "started").exists)

    def claimed_again():
        Job.objects.filter(attempts=1).update(due="2020-01-01T00:00:00Z")
        return Job.objects.filter(attempts=2).exists()

    until(claimed_again)
    # The second attempt is renewed, though the first one's thread has ended meanwhile.
    due = Job.objects.get().due
    until(lambda: Job.objects.get().due > due)
    due = Job.objects.get().due
    until(lambda: Job.objects.get().due > due)
    (tmp_path / "go").touch()
    job = until(lambda: Job.objects.filter(status="done").first())
    assert job.attempts == 2


def test_the_second_attempt_has_its_timeout_too(tmp_path, worker):
    """The first one's thread, which could not be interrupted, ends while the second runs."""
    job_tasks.slow_at_first.using(timeout=3, max_attempts=2).enqueue(str(tmp_path))
    worker("--concurrency", 1, "--lease", 4)
    job = until(lambda: Job.objects.filter(status="failed").first())
    assert [error["exception"] for error in job.errors] == ["partyline.jobs.interruptions.TimedOut"] * 2
