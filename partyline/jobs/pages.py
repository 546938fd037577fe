"""What people see of their jobs: the list on their stream `me:<id>`, each job on its own, `job:<uuid>`."""

import json
import zlib
from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone

from partyline.live.state import all_of, is_kept, redraw, show

from . import drawing
from .models import Job

SHOWN = 10  # jobs
RESULT = 5000  # characters of a result
UNSHOWN = ("args", "kwargs", "cursor", "lines", "result")  # may be large


def is_operator(person):
    """Tell whether the person looks after the site."""
    return person.is_staff or person.is_superuser


def is_own(person, person_id):
    """Return whether `me:<person_id>` is this person's own stream."""
    return person.pk is not None and str(person.pk) == str(person_id)


def visible_to(person):
    """Return the jobs that the person may see: their own; an operator, all."""
    if is_operator(person):
        return Job.objects.all()
    return Job.objects.filter(person=person) if person.pk else Job.objects.none()  # some jobs are nobody's


def may_fetch(person, job):
    """Tell whether the person may have the job's file: their own; of nobody's job, an operator."""
    return job.person_id == person.pk or job.person_id is None and is_operator(person)


def may_see_job(person, id):
    """Tell whether the person may see this stream of a job."""
    return (pk := job_id(id)) is not None and visible_to(person).filter(pk=pk).exists()


def job_id(id):
    """Return a stream's id as a job's, or None where it is none, or is spelled in another way."""
    try:
        return UUID(id) if str(UUID(id)) == id else None
    except ValueError:
        return None


def jobs_of(person, limit=SHOWN):
    """Return the person's newest jobs, newest first; nobody's for who is not signed in."""
    return list(_newest(person.pk)[:limit]) if person.pk else []


def jobs_html(person_id):
    """Return the state "jobs" of `me:<person_id>`, rendered without a request."""
    return render_to_string("jobs/_jobs.html", {"jobs": _newest(person_id)[:SHOWN]})


def facts(job):
    """Return what a job's page tells of it, the log aside, to all who may see it; None: it is gone."""
    if job is None:
        return {"job": None}
    numbers = f"{job.done:,} of {job.total:,}" if job.total else f"{job.done:,} so far" if job.done else ""
    if job.text and (not numbers or str(job.done) in job.text):
        said = job.text
    else:
        said = f"{job.text} ({numbers})" if job.text else numbers
    result = json.dumps(job.result, indent=2, ensure_ascii=False) if job.result is not None else ""
    return {
        "job": job,
        "said": said,
        "percent": min(100, 100 * job.done // job.total) if job.total else None,
        "is_due": job.due is None or job.due <= timezone.now(),
        "result": result if len(result) <= RESULT else f"{result[:RESULT]}…",
    }


def lines_of(job):
    """Return the job's log for its page: each line with an id of its own, so that it is added once."""
    found = {}
    for line in job.lines:
        at = datetime.fromisoformat(line["at"])
        name = f"{at.timestamp():.3f}-{zlib.crc32(line['text'].encode()):x}".replace(".", "-")
        found[name] = {"id": f"line-{name}", "at": at, "text": line["text"]}
    return list(found.values())


def job_html(id):
    """Return the state "job" of `job:<id>`."""
    job = Job.objects.filter(pk=id).defer("args", "kwargs", "cursor", "lines").first()
    return render_to_string("jobs/_job.html", facts(job))


def lines_html(id):
    """Return the state "lines" of `job:<id>`: a page adds what it lacks of them."""
    job = Job.objects.filter(pk=id).only("lines").first()
    return render_to_string("jobs/_more_lines.html", {"lines": lines_of(job) if job else []})


def draw(person_id, job_ids):
    """Bring every open page of the person up to date, now that these jobs have changed; drawing.py calls it.

    Where nobody has looked lately nothing is drawn. It looks once more after showing, and is called
    again if that has changed: of two processes that show at once, the one that looked first must not
    have the last word.
    """
    redraw_jobs(job_ids)
    if not is_kept(key := f"me:{person_id}"):
        return
    html = jobs_html(person_id)
    show(key, "jobs", html)
    if jobs_html(person_id) != html:
        drawing.mark(person_id, *job_ids)


def redraw_jobs(job_ids):
    """Bring these jobs' own pages up to date; where nobody has looked lately, none is drawn."""
    keys = [f"{kind}:{id}" for id in job_ids for kind in ("job", "errors")]
    for key, name, *_ in all_of(keys):
        redraw(key, name)


def _newest(person_id):
    return Job.objects.filter(person_id=person_id).defer(*UNSHOWN)
