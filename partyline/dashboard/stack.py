"""What operators see of the stack: `stack:all`, every process and what they have in common."""

import time
from datetime import UTC, datetime

from django.db import DatabaseError, connection
from django.template.loader import render_to_string

from partyline.jobs.metrics import ages
from partyline.jobs.models import Job
from partyline.jobs.pages import is_operator
from partyline.live import kinds, processes
from partyline.live.site import SAMPLES, samples
from partyline.live.store import Away, store

from . import words
from .public import PERIOD
from .sections import sections, versions
from .sparkline import sparkline

KEY = "stack:all"
LATE_SECONDS = 8  # without news, after which the page says so; it comes every two seconds
SUMS = "sockets", "deliveries", "entries", "owed", "requests"
TILES = [  # (name, label, how it is written, the rest of its words, which other numbers fill in)
    ("sockets", "Sockets", words.count, "{owed} owed"),
    ("deliveries", "Deliveries/s", words.rate, "of {entries} entries/s"),
    ("requests", "Requests/s", words.rate, "answered by web"),
    ("queue", "Oldest job waits", words.span, "{ready} ready, {running} running"),
    ("database", "Database", words.milliseconds, "to answer a query"),
    ("redis", "Redis", words.milliseconds, "to answer a ping"),
]
WRITTEN = {"owed": words.size, "entries": words.rate, "ready": words.count, "running": words.count}


def may_see(person, id):
    """Tell whether the person may see the stack."""
    return id == "all" and is_operator(person)


def sums(found):
    """Return {name: the sum over these processes}; None where none of them tells it."""
    told = {name: [n for each in found if (n := each.numbers.get(name)) is not None] for name in SUMS}
    return {name: sum(numbers) if numbers else None for name, numbers in told.items()}


def took(ask):
    """Return in how many milliseconds `ask()` was answered; None: it was not."""
    began = time.perf_counter()
    try:
        ask()
    except (Away, DatabaseError):
        return None
    return round(1000 * (time.perf_counter() - began), 2)


def ask_database():
    """Ask the simplest question."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def stores():
    """Return {name: number} of what is behind the processes: two statements, one question to Redis."""
    redis = took(store().ping)
    try:
        jobs = ages()  # first: a connection that must be made is not the database's latency
    except DatabaseError:
        return {"database": None, "redis": redis}
    (ready, waits), (running, _) = jobs[Job.Status.READY], jobs[Job.Status.RUNNING]
    queue = {"queue": waits, "ready": ready, "running": running}
    return {"database": took(ask_database), "redis": redis} | queue


def gauges():
    """Return what is sampled for this page's lines."""
    return sums(processes.processes()) | stores()


def picture():
    """Return all that the page shows, as it is now; never raises because a store is away."""
    now = datetime.now(UTC)
    try:
        found, kept = processes.found(), [sample.gauges for sample in samples()]
    except Away:
        found, kept = [], []
    behind = stores()
    numbers = sums(found) | behind
    return {
        "at": now,
        "late": LATE_SECONDS,
        "is_redis_away": behind["redis"] is None,
        "is_database_away": behind["database"] is None,
        "tiles": [tile(numbers, kept, *each) for each in TILES],
        "sections": sections(found, now.timestamp()),
        "versions": versions(found),
    }


def tile(numbers, kept, name, label, write, more):
    """Return one of the numbers above the processes, with its line."""
    told = {each: how(numbers.get(each)) for each, how in WRITTEN.items()}
    line = [*(sample.get(name) for sample in kept), numbers.get(name)][-SAMPLES:]
    return {
        "name": name,
        "label": label,
        "value": write(numbers.get(name)),
        "more": more.format(**told),
        "line": sparkline(line, SAMPLES, PERIOD, write),
    }


def draw(id):
    """Return the state "stack"."""
    return render_to_string("dashboard/_stack.html", picture())


KIND = kinds.Kind("stack", may_see=may_see, clock={"stack": draw}, gauges=gauges)
