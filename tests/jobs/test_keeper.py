"""The keeper keeps on, whatever a job does."""

import job_tasks
import pytest
from job_tools import until

from partyline.jobs.keeper import Keeper
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(worker):
    """A number that no database keeps is kept as the largest one; other jobs are looked after as ever."""
    job_tasks.huge.enqueue(10**30)
    worker("--lease", 2)
    until(lambda: Job.objects.filter(done=2**63 - 1, total=2**63 - 1).exists())
    due = Job.objects.get().due
    until(lambda: Job.objects.get().due > due)
    assert Job.objects.get().cancel()
    until(lambda: Job.objects.filter(status="cancelled").exists())


def test_an_error_of_one_job_is_logged_and_the_next_is_looked_at(caplog):
    class Attempt:
        is_abandoned, thread, renewed, began, unwanted_since = False, "some", 0, float("inf"), None

        def __init__(self, job):
            self.job = job

    class Kept:
        pk, request_id, timeout, is_unwanted, renewed = 1, "", 1, False, 0

        def renew(self, lease):
            self.renewed += 1
            return True

    class Broken(Kept):
        def renew(self, lease):
            raise ArithmeticError

    kept = Kept()

    class Pool:
        held = {}

        def attempts(self):
            return [Attempt(Broken()), Attempt(kept)]

        def alive(self):
            return []

    Keeper(Pool(), lease=3).look()
    assert kept.renewed == 1 and "ArithmeticError" in caplog.text
