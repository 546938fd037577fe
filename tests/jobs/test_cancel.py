"""A job that nobody wants: one that waits is off at once, one that runs as soon as it asks, or is made to."""

import job_tasks
import pytest
from django.db.models.functions import Now
from django_tasks import TaskResultStatus
from job_tools import started, until

from partyline.jobs.interruptions import Cancelled
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


def cancelled():
    return until(lambda: Job.objects.filter(status="cancelled").first(), 15)


def test_one_that_waits(tmp_path, work):
    result = job_tasks.write.enqueue(str(tmp_path / "out"), "never")
    job = Job.objects.get()
    assert job.cancel()
    assert job.is_cancelled and job.is_finished
    job.refresh_from_db()
    assert (job.status, job.due, job.attempts) == ("cancelled", None, 0) and job.finished
    work()
    assert not (tmp_path / "out").exists()
    result.refresh()
    assert result.status == TaskResultStatus.FAILED and result.is_finished


def test_one_that_reports(tmp_path, worker):
    job_tasks.wait.enqueue(str(tmp_path))
    worker()
    until(lambda: started(tmp_path))
    assert Job.objects.get().cancel()
    job = cancelled()
    assert (job.text, job.due, job.errors) == ("waiting", None, [])
    assert job.finished and not (tmp_path / "go").exists()


def test_one_that_only_asks(tmp_path, worker):
    job_tasks.ask.enqueue(str(tmp_path))
    worker("--lease", 3)
    until((tmp_path / "started").exists)
    assert Job.objects.get().cancel()
    until((tmp_path / "ended").exists)
    assert (tmp_path / "ended").read_text() == "Cancelled"
    cancelled()


def test_one_that_never_asks(tmp_path, worker):
    job_tasks.spin.enqueue(str(tmp_path))
    process = worker("--lease", 3, "--concurrency", 1)
    until((tmp_path / "started").exists)
    assert Job.objects.get().cancel()
    cancelled()
    until((tmp_path / "ended").exists)
    assert (tmp_path / "ended").read_text() == "Cancelled"
    job_tasks.count.enqueue(1)
    until(lambda: Job.objects.filter(status="done").exists())  # the thread has a successor
    assert process.poll() is None


def test_the_word_of_it_is_heard_at_once(monkeypatch):
    """Where the message reaches the worker, no statement is needed to know."""
    messages = []
    monkeypatch.setattr("partyline.live.wake.send", lambda *names, **fields: messages.append((names, fields)))
    job_tasks.count.enqueue(1)
    Job.objects.claim("w", 30).cancel()
    assert messages[-1] == (("jobs", "job.cancel"), {"job": str(Job.objects.get().pk)})

    from partyline.jobs.worker import Consumer, Worker

    worker = Worker(1)
    Job.objects.update(due=Now())
    job = Job.objects.get()
    worker.pool.submit(job)
    Consumer(worker)._dispatch({"type": "job.cancel", "job": str(job.pk)})
    with pytest.raises(Cancelled):
        job.stop_if_asked()


def test_a_log_line_tells_too(monkeypatch):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    Job.objects.get().cancel()
    with pytest.raises(Cancelled):
        job.log("still here")
    assert Job.objects.get().lines[0]["text"] == "still here"


def test_the_heartbeat_tells_too():
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    Job.objects.get().cancel()
    job.stop_if_asked()  # nobody has told it
    job.renew(30)
    with pytest.raises(Cancelled):
        job.stop_if_asked()


def test_what_is_done_all_the_same_is_done():
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", 30)
    assert Job.objects.get().cancel()
    job.finish("in time")
    job = Job.objects.get()
    assert (job.status, job.result) == ("done", "in time")
    assert not job.cancel() and not job.retry()
    assert Job.objects.get().is_done


@pytest.mark.parametrize(
    "end", [lambda job: job.fail(ValueError()), lambda job: job.give_back(), lambda job: None]
)
def test_it_does_not_begin_again(end, work):
    job_tasks.count.enqueue(1)
    job = Job.objects.claim("w", lease=-1)
    Job.objects.get().cancel()
    end(job)
    assert Job.objects.claim("other", 30) is None
    job = Job.objects.get()
    assert (job.status, job.due) == ("cancelled", None) and job.finished


def test_again_from_its_cursor_with_fresh_attempts(work):
    job_tasks.stumble.enqueue("ouch")
    for _ in range(2):
        Job.objects.update(due=Now())
        work()
    job = Job.objects.get()
    assert (job.status, job.attempts) == ("failed", 2)
    Job.objects.update(cursor=7)
    assert job.retry()
    assert job.is_ready
    job = Job.objects.claim("w", 30)
    assert (job.attempts, len(job.errors), job.cursor, job.finished) == (1, 2, 7, None)
    assert not job.retry()


def test_again_after_it_was_cancelled(work):
    job_tasks.count.enqueue(1)
    job = Job.objects.get()
    job.cancel()
    assert job.retry() and not job.cancel_asked
    work()
    assert Job.objects.get().is_done
