"""The id of a request is in its answer, in the log, on the jobs that it asked for, and in their log too."""

import logging
import re

import job_tasks
import pytest
from django.db.models.functions import Now
from django.urls import reverse
from job_tools import until

from partyline import request_id
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = request_id.HEADER


def test_it_works(client):
    assert client.get("/", headers={HEADER: "abc-123"})[HEADER] == "abc-123"
    assert request_id.current() == ""


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "<script>", "a,b", "ü", "a_b"])
def test_what_is_not_sane_is_replaced(client, given):
    made = client.get("/", headers={HEADER: given})[HEADER]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert client.get("/", headers={HEADER: given})[HEADER] != made


def test_an_error_has_it_too(client):
    assert client.get("/nothing/here/", headers={HEADER: "abc"})[HEADER] == "abc"


def test_it_is_in_every_line():
    record = logging.makeLogRecord({"msg": "hello", "name": "x", "levelname": "INFO"})
    line = logging.Formatter("{name}{for_request}: {message}", style="{")
    for current, expected in [("", "x: hello"), ("abc", "x [abc]: hello")]:
        with request_id.use(current):
            assert request_id.RequestIdFilter().filter(record)
        assert line.format(record) == expected


def test_a_new_one_is_another():
    with request_id.use(""):
        first = request_id.new()
        assert request_id.current() == first != request_id.new()
    assert request_id.current() == ""


def test_a_job_keeps_it_and_its_task_and_what_that_enqueues_have_it(as_, alice, work):
    from partyline.rooms.models import Room

    room = Room.objects.create(name="Lobby", owner=alice)
    as_(alice).post(reverse("rooms:transcript", args=[room.pk]), headers={HEADER: "asked-by-alice"})
    assert Job.objects.get().request_id == "asked-by-alice"
    with request_id.use("asked-by-bob"):
        job_tasks.enqueue_another.enqueue()
    with request_id.use(Job.objects.get(task="job_tasks.enqueue_another").request_id):
        work()
    assert Job.objects.get(task="job_tasks.count").request_id == "asked-by-bob"


def test_the_worker_says_it_with_what_it_claims_finishes_and_gives_back(tmp_path, worker):
    with request_id.use("who-asked"):
        job_tasks.enqueue_another.enqueue()
        job_tasks.wait.enqueue(str(tmp_path))
    process = worker("--grace", 0.2)
    until(lambda: Job.objects.filter(task="job_tasks.count", status="done").exists())
    until((tmp_path / "started").exists)
    process.terminate()
    process.wait(10)
    lines = process.log.read_text().splitlines()
    for job in Job.objects.all():
        ends = "given back" if job.is_ready else "done after"
        for words in ["is claimed, attempt 1", f"is {ends}"]:
            [line] = [line for line in lines if str(job.pk) in line and words in line]
            assert "[who-asked]: " in line
    assert not [line for line in lines if "is ready" in line and "who-asked" in line]


def test_a_job_of_nobodys_request_has_none(worker):
    job_tasks.count.enqueue(1)
    Job.objects.update(due=Now())
    process = worker()
    until(lambda: "is done" in process.log.read_text())
    assert " partyline.jobs.worker: Job" in process.log.read_text()
