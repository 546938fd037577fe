"""A job goes on where it was after SIGTERM, a kill, a failure; what is done with its cursor is done once."""

import job_tasks
import pytest
from django.db import transaction
from job_tools import until

from partyline.jobs.interruptions import Lost, Stopping
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def lines(folder):
    path = folder / "out"
    return list(map(int, path.read_text().split())) if path.exists() else []


def test_a_stopping_worker_gives_it_back_at_once_with_its_cursor(tmp_path, worker):
    job_tasks.steps.enqueue(str(tmp_path), 200)
    process = worker("--grace", 60)
    until(lambda: len(lines(tmp_path)) > 20)
    process.terminate()
    assert process.wait(10) == 0
    job = Job.objects.get()
    assert (job.status, job.attempts, job.errors) == ("ready", 0, [])
    assert job.cursor == job.done == len(lines(tmp_path))
    assert "is given back" in process.log.read_text()
    worker()
    until(lambda: Job.objects.filter(status="done", attempts=1).exists())
    assert lines(tmp_path) == list(range(200))  # no step was done twice


def test_kill_9_goes_on_from_what_was_saved(tmp_path, worker):
    job_tasks.steps.enqueue(str(tmp_path), 100)
    process = worker("--lease", 2)
    until(lambda: (Job.objects.get().cursor or 0) > 30)
    process.kill()
    process.wait()
    saved = Job.objects.get().cursor
    done = len(lines(tmp_path))
    worker("--lease", 2)
    until(lambda: Job.objects.filter(status="done").exists())
    assert lines(tmp_path) == [*range(done), *range(saved, 100)]


@pytest.mark.parametrize("end", ["fail", "give_back"])
def test_the_end_of_an_attempt_saves_the_last_one(end):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    for step in range(5):
        job.report(step, 5, cursor=step)
    assert Job.objects.get().cursor == 0  # it came too soon to be saved
    job.fail(ValueError()) if end == "fail" else job.give_back()
    Job.objects.update(due=job.created)
    assert Job.objects.claim("w", 30).cursor == 4


def test_only_a_task_with_a_cursor_is_stopped():
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    job.ask(Stopping)
    job.report(1, 3)
    job.log("line")
    job.stop_if_asked()
    with pytest.raises(Stopping):
        job.report(2, 3, cursor={"page": 2})
    job.give_back()
    job = Job.objects.claim("w", 30)
    assert (job.cursor, job.done, job.attempts) == ({"page": 2}, 2, 1)
    with pytest.raises(Stopping):
        job.ask(Stopping)
        job.advance(3)


def test_what_is_done_with_advance_is_done_once(effects, work):
    job_tasks.once.enqueue(1)
    job_tasks.once.call(context := Context(Job.objects.claim("killed after that", lease=-1)), 1)
    assert context.job.cursor == "done"
    work()
    assert Job.objects.get().is_done
    assert effects() == [1]


def test_a_late_worker_has_no_effect(effects, work):
    job_tasks.once.enqueue(1)
    late = Job.objects.claim("late", lease=-1)
    work()
    with pytest.raises(Lost):
        job_tasks.once.call(Context(late), 1)
    assert effects() == [1]


def test_what_is_rolled_back_is_done_again(effects):
    job_tasks.once.enqueue(1)
    job = Job.objects.claim("w", 30)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        job_tasks.once.call(Context(job), 1)
        raise ZeroDivisionError
    assert job.cursor is None and effects() == []
    job.fail(ZeroDivisionError())
    assert Job.objects.get().cursor is None


def test_the_keeper_does_not_set_it_back(effects):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    job.report(0, 2, cursor="begun")
    job.report(1, 2, cursor="not saved")
    job.advance("saved")
    job.renew(30)
    assert Job.objects.get().cursor == "saved"
    job.cursor = "not saved"  # as it is until its thread knows of the COMMIT
    job.fail(ValueError())
    assert Job.objects.get().cursor == "saved"


class Context:
    def __init__(self, job):
        self.job = job
