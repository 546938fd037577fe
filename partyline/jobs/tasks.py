"""Housekeeping: what is old goes, in batches; a killed one goes on with the next, as what is gone is gone."""

import re
from datetime import timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django_tasks import task

from partyline.live.log import drop
from partyline.live.trim import trim

from .models import Job
from .periodic import periodic

BATCH = 500  # rows deleted in one transaction
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@periodic("*/10 * * * *")
@task(takes_context=True, label="Let old entries of streams go")
def trim_streams(context):
    """Keep of each stream what STREAM_KEEP_ENTRIES and STREAM_KEEP_DAYS say."""
    return {"entries": trim(context.job.report)}


@periodic("7 * * * *")
@task(takes_context=True, label="Delete old finished jobs")
def prune_jobs(context):
    """Delete jobs that ended, in whatever way, more than JOBS_KEEP_DAYS ago, with their files."""
    old = Job.objects.filter(finished__lt=Now() - timedelta(days=settings.JOBS_KEEP_DAYS))
    gone, total = 0, old.count()
    while batch := list(old.order_by("finished").values_list("pk", flat=True)[:BATCH]):
        old.filter(pk__in=batch).delete()  # a retry meanwhile keeps its job
        # The rest comes second: files that a kill leaves over are swept, streams are a row without entries.
        for pk in _without_job(batch):
            drop(f"job:{pk}", f"errors:{pk}")
            _delete_folder(f"jobs/{pk}")
            gone += 1
            context.job.report(gone, total, f"{gone} jobs")
    return {"jobs": gone}


@periodic("27 * * * *")
@task(takes_context=True, label="Delete expired sessions")
def sweep_sessions(context):
    """Delete the sessions whose time is over."""
    expired = Session.objects.filter(expire_date__lt=Now())
    gone, total = 0, expired.count()
    while batch := list(expired.values_list("pk", flat=True)[:BATCH]):
        gone += expired.filter(pk__in=batch).delete()[0]
        context.job.report(gone, total, f"{gone} sessions")
    return {"sessions": gone}


@periodic("47 4 * * *")
@task(takes_context=True, label="Delete files of no job")
def sweep_files(context):
    """Delete stored files whose job is gone: its person was deleted, or a kill came between row and file."""
    gone, folders = 0, [name for name in _listed("jobs")[0] if UUID.fullmatch(name)]
    for done in range(0, len(folders), BATCH):
        for pk in _without_job(folders[done : done + BATCH]):
            _delete_folder(f"jobs/{pk}")
            gone += 1
        context.job.report(done, len(folders), f"{gone} deleted")
    return {"folders": gone}


def _without_job(pks):
    there = set(map(str, Job.objects.filter(pk__in=pks).values_list("pk", flat=True)))
    return [str(pk) for pk in pks if str(pk) not in there]


def _delete_folder(path):
    folders, files = _listed(path)
    for name in folders:
        _delete_folder(f"{path}/{name}")
    for name in files:
        default_storage.delete(f"{path}/{name}")
    default_storage.delete(path)  # an empty folder, on a disk; nothing elsewhere


def _listed(path):
    try:
        return default_storage.listdir(path)
    except FileNotFoundError:  # on a disk
        return [], []
