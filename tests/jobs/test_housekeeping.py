"""What is old goes by itself: finished jobs and their files, expired sessions, files of no job, entries."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import transaction
from django.utils import timezone

from partyline.jobs import tasks
from partyline.jobs.claims import JobQuerySet
from partyline.jobs.models import Job
from partyline.live.log import position, publish
from partyline.live.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 2)


@pytest.fixture(params=["database", "disk"])
def storage(request, monkeypatch, tmp_path):
    if request.param == "disk":
        storage = FileSystemStorage(tmp_path)
        for module in ["partyline.jobs.held", "partyline.jobs.tasks"]:
            monkeypatch.setattr(f"{module}.default_storage", storage)
        return storage
    return default_storage


@pytest.fixture
def do(work):
    """Return a function that runs a housekeeping task and returns what it did."""

    def do(task):
        result = task.enqueue()
        work()
        job = Job.objects.get(pk=result.id)
        assert job.is_done, job.errors
        assert job.person is None
        return job

    return do


def finished(days, status="done", storage=None, **fields):
    at = timezone.now() - timedelta(days=days)
    job = Job.objects.create(task="x", label="x", status=status, due=None, finished=at, **fields)
    if storage:
        storage.save(f"{job.folder}/1/old.txt", ContentFile("late worker's"))
        Job.objects.filter(pk=job.pk).update(
            file=storage.save(f"{job.folder}/2/new.txt", ContentFile("file"))
        )
    return job


def test_finished_jobs_go_with_their_files(do, storage, settings):
    settings.JOBS_KEEP_DAYS = 10.0
    old = [finished(11, status, storage) for status in ("done", "failed", "cancelled", "done", "done")]
    young = finished(9, storage=storage)
    waiting = Job.objects.create(
        task="gone.since.long", label="x", created=timezone.now() - timedelta(days=99)
    )
    Job.objects.filter(pk=waiting.pk).update(due=timezone.now() + timedelta(days=1))
    epoch = position(f"job:{old[0].pk}").epoch
    job = do(tasks.prune_jobs)
    assert (job.result, job.done, job.total, job.text) == ({"jobs": 5}, 5, 5, "5 jobs")
    assert set(Job.objects.exclude(pk=job.pk)) == {young, waiting}
    assert storage.listdir("jobs")[0] == [str(young.pk)]
    young.refresh_from_db()
    assert storage.exists(young.file) and not storage.exists(f"{old[0].folder}/2/new.txt")
    assert position(f"job:{old[0].pk}").epoch != epoch, "its stream is gone, too"
    assert do(tasks.prune_jobs).result == {"jobs": 0}


def test_one_that_is_tried_again_meanwhile_stays(do, storage, monkeypatch):
    retried, other = finished(99, "failed", storage), finished(99)
    delete = JobQuerySet.delete

    def late(queryset):
        retried.retry()
        return delete(queryset)

    monkeypatch.setattr(JobQuerySet, "delete", late)
    do(tasks.prune_jobs)
    assert Job.objects.filter(pk=retried.pk).exists() and not Job.objects.filter(pk=other.pk).exists()
    assert storage.exists(f"{retried.folder}/2/new.txt")


def test_files_of_no_job_go(do, storage, alice):
    kept = finished(1, storage=storage)
    orphans = [finished(1, storage=storage, person=alice) for _ in range(3)]
    alice.delete()
    storage.save("jobs/not-ours/kept.txt", ContentFile("x"))
    storage.save("elsewhere.txt", ContentFile("x"))
    assert do(tasks.sweep_files).result == {"folders": 3}
    kept.refresh_from_db()
    assert storage.exists(kept.file)
    assert not any(storage.exists(f"{job.folder}/2/new.txt") for job in orphans)
    assert storage.exists("elsewhere.txt") and storage.exists("jobs/not-ours/kept.txt")
    assert do(tasks.sweep_files).result == {"folders": 0}


def test_no_file_was_ever_made(do, storage):
    assert do(tasks.sweep_files).result == {"folders": 0}


def test_expired_sessions_go(do, as_, alice, bob):
    as_(alice)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    for number in range(4):
        Session.objects.create(session_key=f"old{number}", expire_date=timezone.now() - timedelta(days=1))
    page = as_(bob)
    assert do(tasks.sweep_sessions).result == {"sessions": 5}
    assert Session.objects.count() == 1
    assert page.get("/jobs/").status_code == 200


def test_old_entries_of_streams_go(do, settings):
    settings.STREAM_KEEP_ENTRIES = 3
    for key in ["room:1", "room:2"]:
        for number in range(10):
            with transaction.atomic():
                publish(key, str(number))
    job = do(tasks.trim_streams)
    assert (job.result, job.done, job.total, job.text) == ({"entries": 14}, 2, 2, "14 entries")
    assert Entry.objects.count() == 6
