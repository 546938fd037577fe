"""A periodic task: any number of workers, each due time once, whatever clocks do and whoever is killed."""

import threading
from datetime import UTC, datetime, timedelta

import job_tasks
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from job_tools import until

from partyline.jobs import periodic
from partyline.jobs.models import Job, Schedule

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "job_tasks.tick"
KILL = """
import os
import job_tasks
from partyline.jobs import periodic
periodic.periodic(60)(job_tasks.tick)
enqueue = job_tasks.tick.get_backend().enqueue
def enqueue_and_die(*args):
    enqueue(*args)
    os.kill(os.getpid(), 9)
type(job_tasks.tick.get_backend()).enqueue = lambda self, *args: enqueue_and_die(*args)
periodic.give_due()
"""


@pytest.fixture
def every(monkeypatch):
    """Return a function that says when job_tasks.tick is due, and plans that."""

    def plan(every):
        monkeypatch.setattr(periodic, "_tasks", {})
        assert periodic.periodic(every)(job_tasks.tick) is job_tasks.tick
        periodic.give_due()
        return Schedule.objects.get()

    return plan


def make_due(ago=timedelta(seconds=1)):
    due = timezone.now() - ago
    Schedule.objects.update(due=due)
    return due


def given():
    return Job.objects.filter(task=NAME).count()


def test_it_works(every, work):
    due = every("*/10 * * * *").due
    assert due > timezone.now() and due.minute % 10 == due.second == 0
    assert given() == 0
    make_due()
    periodic.give_due()
    assert given() == 1
    assert Schedule.objects.get().due == due
    periodic.give_due()
    assert given() == 1
    work()
    assert Job.objects.get().result == "tock"


def test_seconds_keep_in_step(every):
    first = every(60).due
    assert 55 < (first - timezone.now()).total_seconds() <= 60
    due = make_due(timedelta(seconds=150))
    periodic.give_due()
    assert Schedule.objects.get().due == due + timedelta(seconds=180)


def test_missed_times_are_given_once(every):
    every(60)
    make_due(timedelta(days=3, seconds=30))
    for _ in range(3):
        periodic.give_due()
    assert given() == 1
    assert timezone.now() < Schedule.objects.get().due < timezone.now() + timedelta(seconds=61)


def test_it_tells_how_long_nothing_is_due(every):
    every(10)
    assert 8 < periodic.give_due() <= 10
    every(0.01)
    assert periodic.give_due() == periodic.SHORTEST_WAIT
    every("0 0 1 1 *")
    assert periodic.give_due() == periodic.LONGEST_WAIT


def test_many_workers_and_one_due_time(every):
    def look():
        try:
            barrier.wait(10)
            periodic.give_due()
        finally:
            connection.close()

    every(3600)
    for round in range(1, 6):
        make_due()
        barrier = threading.Barrier(6)
        threads = [threading.Thread(target=look) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert given() == round


def test_two_real_workers_and_one_due_time(manage):
    """With the site's own periodic tasks, which workers find by themselves."""
    workers = [manage("worker") for _ in range(2)]
    until(lambda: Schedule.objects.filter(every="7 * * * *").exists())
    Schedule.objects.filter(name="partyline.jobs.tasks.prune_jobs").update(due=Now() - timedelta(hours=5))
    for process in workers:
        process.kill()
        process.wait()
    workers = [manage("worker") for _ in range(2)]
    jobs = Job.objects.filter(task="partyline.jobs.tasks.prune_jobs")
    until(lambda: jobs.filter(status="done").exists())
    until(lambda: all("is ready" in process.log.read_text() for process in workers))
    assert Schedule.objects.get(name="partyline.jobs.tasks.prune_jobs").due > timezone.now()
    assert jobs.count() == 1


def test_a_kill_between_the_two_loses_no_due_time(every, manage):
    every(60)
    due = make_due()
    assert manage("shell", "-c", KILL).wait(30) == -9
    assert given() == 0
    assert Schedule.objects.get().due == due
    periodic.give_due()
    assert given() == 1


def test_a_clock_set_back_gives_nothing_twice(every, clock):
    every("*/10 * * * *")
    for hours, expected in [(1, 1), (0, 1), (-5, 1), (1, 1), (1.2, 2)]:
        clock(hours * 3600)
        periodic.give_due()
        periodic.give_due()
        assert given() == expected


def test_a_clock_set_forward_gives_once(every, clock):
    every(60)
    clock(86400 * 365)
    periodic.give_due()
    periodic.give_due()
    assert given() == 1


def test_the_clocks_of_workers_do_not_matter(every, monkeypatch):
    due = every("*/10 * * * *").due
    monkeypatch.setattr(timezone, "now", lambda: datetime(2040, 1, 1, tzinfo=UTC))
    periodic.give_due()
    assert given() == 0
    assert Schedule.objects.get().due == due


def test_another_time_in_the_code_counts_from_now_on(every):
    every("0 0 1 1 *")
    assert every(60).due < timezone.now() + timedelta(seconds=61)
    assert given() == 0


def test_what_is_gone_from_the_code_is_forgotten(every):
    """Not at once: while a release is rolled out, the other one's workers may know it."""
    every(60)
    now = timezone.now()
    Schedule.objects.create(name="of.another.release", every="60", due=now - timedelta(hours=1))
    Schedule.objects.create(name="gone", every="60", due=now - timedelta(days=2))
    periodic.give_due()
    assert set(Schedule.objects.values_list("name", flat=True)) == {NAME, "of.another.release"}


@pytest.mark.parametrize(
    "every", ["", "often", "* * *", "99 * * * *", "0 0 31 4 *", "0 * * * * *", None, 0, -1, float("nan")]
)
def test_a_time_that_is_none_is_refused(every):
    with pytest.raises(ValueError, match="neither cron's five fields, of a time that comes, nor seconds"):
        periodic.periodic(every)


def test_it_stands_above_task():
    with pytest.raises(TypeError, match="@periodic stands above @task"):
        periodic.periodic(60)(lambda: None)
