"""What operators see of everybody's jobs: how the queue is, lists by state, why an attempt failed."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Func, JSONField, Q
from django.template.loader import render_to_string
from django.utils import timezone

from .metrics import ages
from .models import Job
from .pages import is_operator, may_see_job

PAGE = 50  # jobs
LATELY = 1000  # jobs that ended, whose ends are counted; all of them would be too many
CALL = 500  # characters of a call
ENDED = (Job.Status.FAILED, Job.Status.CANCELLED, Job.Status.DONE)
BASICS = ("label", "task", "person__username", "status", "attempts", "max_attempts", "cancel_asked")


class LastOf(Func):
    """The last value of a JSON list."""

    output_field = JSONField()
    template = "(%(expressions)s -> -1)"

    def as_sqlite(self, compiler, connection, **context):
        """Write SQLite's form of it."""
        return self.as_sql(
            compiler, connection, template="JSON_EXTRACT(%(expressions)s, '$[#-1]')", **context
        )


def may_see_all(person, id):
    """Tell whether the person may see `jobs:all`."""
    return id == "all" and is_operator(person)


def may_see_errors(person, id):
    """Tell whether the person may see `errors:<uuid>`, which is not even for the job's own person."""
    return is_operator(person) and may_see_job(person, id)


def summary():
    """Return how the queue is; three questions, none of which looks at more than LATELY finished jobs."""
    found = ages()
    (ready, waiting), (running, longest) = found[Job.Status.READY], found[Job.Status.RUNNING]
    at_work = Job.objects.filter(due__isnull=False, status=Job.Status.RUNNING)
    last = Job.objects.filter(finished__isnull=False).order_by("-finished").values_list("status", flat=True)
    ends = Counter(last[:LATELY])
    return {
        "ready": ready,
        "waiting": in_words(waiting) if waiting else "",
        "running": running,
        "longest": in_words(longest) if running else "",
        "workers": at_work.aggregate(workers=Count("worker", distinct=True))["workers"],
        "ends": [(Job.Status(status), ends[status]) for status in ENDED],
        "ended": ends.total(),
        "is_all": ends.total() < LATELY,
    }


def summary_html(id):
    """Return the state "summary" of `jobs:all`."""
    return render_to_string("jobs/_summary.html", summary())


def errors_html(id):
    """Return the state "errors" of `errors:<id>`: who does the job, and the tracebacks of its attempts."""
    job = Job.objects.filter(pk=id).defer("cursor", "lines", "result").select_related("person").first()
    return render_to_string("jobs/_errors.html", failures(job))


def failures(job):
    """Return what operators alone are told of a job; None: it is gone."""
    if job is None:
        return {"job": None}
    told = [str(value) for value in map(repr, job.args)]
    told += [f"{name}={value!r}" for name, value in job.kwargs.items()]
    call = ", ".join(told)
    errors = [{"headline": headline(error), "traceback": error["traceback"]} for error in job.errors]
    return {"job": job, "call": call if len(call) <= CALL else f"{call[:CALL]}…", "errors": errors[::-1]}


def headline(error):
    """Return the line of a kept error that says what it was: its class, and its message's first line."""
    name = error["exception"].removeprefix("builtins.")
    lines = [line for line in error["traceback"].splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(name)]
    short = name.rpartition(".")[2]
    if named:
        return named[-1].replace(name, short, 1)
    return f"{short}: {lines[-1].strip()}" if lines else short


def in_words(seconds):
    """Return a time span as people say it, in its largest unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def listed(state, before):
    """Return (up to PAGE jobs, the cursor of those behind them or ""), newest first.

    Unfinished ones by when they were asked for, the others by when they ended: what an index holds.
    `before` is a cursor; one that is damaged counts as none.
    """
    by = "finished" if state in ENDED else "created"
    jobs = Job.objects.filter(**{"finished__isnull": False} if state in ENDED else {"due__isnull": False})
    if state:
        jobs = jobs.filter(status=state)
    if cursor := _read(before):
        at, pk = cursor
        jobs = jobs.filter(Q(**{f"{by}__lt": at}) | Q(pk__lt=pk), **{f"{by}__lte": at})
    jobs = (
        jobs.select_related("person")
        .only(*BASICS, "person", "created", "finished")
        .annotate(error=LastOf("errors"))
    )
    found = list(jobs.order_by(f"-{by}", "-pk")[: PAGE + 1])
    now = timezone.now()
    for job in found:
        job.age = in_words((now - job.created).total_seconds())
        job.headline = headline(job.error) if job.error else ""
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], f"{getattr(last, by).isoformat()}_{last.pk}" if last else ""


def _read(cursor):
    at, _, pk = cursor.partition("_")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):
        return None
