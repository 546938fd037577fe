"""1,000 jobs of 10 ms, 4 workers, one killed every second: each is done, its effect once, none is stuck."""

import time

import job_tasks
import pytest
from django.db import transaction
from job_tools import until

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
JOBS, WORKERS, LEASE = 1000, 4, 2
LIMIT = 300  # seconds


def is_over():
    return not Job.objects.exclude(status="done").exists()


def test_it_works(effects, manage):
    def start():
        return manage("worker", "--no-periodic", "--concurrency", 1, "--lease", LEASE)

    with transaction.atomic():
        for number in range(JOBS):
            job_tasks.once.using(max_attempts=20).enqueue(number)
    workers, killed = [start() for _ in range(WORKERS)], 0
    until(lambda: Job.objects.filter(status="done").exists())
    began = at = time.monotonic()
    while not is_over():
        assert at - began < LIMIT, "some are stuck"
        at = time.monotonic() + 1
        until(lambda at=at: time.monotonic() >= at or is_over())
        ready = [worker for worker in workers if "is ready" in worker.log.read_text()]
        if len(ready) < 2:  # on a busy machine, where a start takes longer than a life
            continue
        victim = ready[0]
        victim.kill()
        victim.wait()
        workers.remove(victim)
        workers.append(start())  # the last to be killed
        killed += 1
    assert killed >= 3, "it has proved nothing"
    assert effects() == list(range(JOBS))
    assert not Job.objects.exclude(status="done", due=None).exists()
    again = Job.objects.filter(attempts__gt=1).values_list("errors", flat=True)
    assert again, "it has proved nothing"
    assert all("stopped in mid-job" in error["traceback"] for errors in again for error in errors)
