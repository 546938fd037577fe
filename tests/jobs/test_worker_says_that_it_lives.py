"""A worker announces itself: what it has in hand, how much it gets done, and when it stops."""

import job_tasks
import pytest
from job_tools import until

from partyline.jobs.worker import Worker
from partyline.live import processes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(processes, "EVERY", 0.02)
    worker = Worker(3)
    worker.announce()
    yield worker
    processes.withdraw()


def told():
    found = processes.processes("worker")
    return found and found[0]


def test_it_works(worker):
    until(told)
    found = told()
    assert found.takes and found.numbers["concurrency"] == 3 and found.numbers["running"] == 0
    assert found.numbers["jobs"] == 0 and found.version


def test_what_it_gets_done_is_counted(worker, work, tmp_path):
    until(told)
    job_tasks.write.enqueue(str(tmp_path / "out"), "done")
    work()
    until(lambda: told().numbers["jobs"] > 0)


def test_one_that_stops_says_so(worker):
    until(told)
    worker.stop()
    until(lambda: told().numbers["draining"] and not told().takes)
