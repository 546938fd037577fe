"""A worker that was only slow, and whose lease ran out, can change nothing any more."""

import os
import signal
import threading
import time

import job_tasks
import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection, transaction
from job_tools import until

from partyline.files.models import StoredFile
from partyline.jobs.interruptions import Lost
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def late():
    job_tasks.count.enqueue(3)
    return Job.objects.claim("late", lease=-1)


def test_its_successor_goes_on(late):
    successor = Job.objects.claim("quick", lease=30)
    assert (successor.pk, successor.token, successor.attempts) == (late.pk, late.token + 1, 2)
    successor.finish("quick")
    assert Job.objects.get().result == "quick"


@pytest.mark.parametrize(
    "write",
    [
        lambda job: job.report(1, 3),
        lambda job: job.log("late"),
        lambda job: job.advance("late"),
        lambda job: job.confirm_cancel(),
        lambda job: job.attach("late.txt", "late"),
        lambda job: job.finish("late"),
        lambda job: job.fail(ValueError("late")),
        lambda job: job.give_back(),
    ],
)
def test_its_writes_are_refused(late, write):
    Job.objects.claim("quick", lease=30)
    before = Job.objects.values().get()
    with pytest.raises(Lost):
        write(late)
    assert Job.objects.values().get() == before
    assert not StoredFile.objects.exists()


def test_its_heartbeat_does_not_renew_its_successors_lease(late):
    Job.objects.claim("quick", lease=30)
    before = Job.objects.get().due
    late.renew(1000)
    assert Job.objects.get().due == before


def test_a_renewed_lease_holds(late):
    late.renew(30)
    assert Job.objects.claim("other", lease=30) is None


def test_a_tasks_open_transaction_does_not_hold_up_the_heartbeat(late):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")

    def task():
        with transaction.atomic():
            job.report(1, 3)
            reported.set()
            assert go_on.wait(10)
        connection.close()

    reported, go_on = threading.Event(), threading.Event()
    job = Job.objects.claim("w", lease=-1)
    thread = threading.Thread(target=task)
    thread.start()
    assert reported.wait(10)
    began = time.monotonic()
    job.renew(30)
    assert time.monotonic() - began < 2
    assert Job.objects.claim("other", lease=30) is None  # what is locked is not claimed
    go_on.set()
    thread.join()
    job.renew(30)
    assert Job.objects.claim("other", lease=30) is None


def stand_still(process):
    """Stop it in a moment in which it has nothing locked: what it had, nobody else would get."""

    def stopped():
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        try:
            with transaction.atomic():
                Job.objects.select_for_update(nowait=True).get()
            return True
        except OperationalError:
            process.send_signal(signal.SIGCONT)

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 100")
        until(stopped)
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA busy_timeout = 20000")


def test_a_real_worker_that_stood_still_changes_nothing(tmp_path, effects, worker):
    job_tasks.once.enqueue(7, seconds=1)
    late = worker("--lease", 2)
    until(lambda: Job.objects.filter(status="running").exists())
    stand_still(late)
    other = worker("--lease", 2)
    until(lambda: Job.objects.filter(status="done", attempts=2).exists())
    before = Job.objects.values().get()
    other.kill()
    late.send_signal(signal.SIGCONT)
    until(lambda: "is no longer held with token 1" in late.log.read_text())
    assert Job.objects.values().get() == before
    assert effects() == [7]
    job_tasks.count.enqueue(1)
    until(lambda: Job.objects.filter(task="job_tasks.count", status="done").exists())  # it works on


def test_a_second_file_takes_the_place_of_the_first(late):
    late.attach("a.txt", "one")
    late.attach("../b c.txt", b"two")
    late.finish(None)
    job = Job.objects.get()
    assert default_storage.open(job.file).read() == b"two"
    assert StoredFile.objects.get().name == job.file
    assert job.file.startswith(f"jobs/{job.pk}/")
