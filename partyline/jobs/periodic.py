"""Periodic tasks: any number of workers, each due time once.

    @periodic("17 3 * * *")   # cron, in UTC; or a number of seconds
    @task
    def tidy_up(): ...

A row says when each is due. Whoever raises it to the next time, in one UPDATE that names the old one,
enqueues the job in the same transaction. Times missed are given once, not one by one; and the row never
goes back, so that a clock set back gives nothing twice.
"""

import logging
from datetime import datetime, timedelta
from math import floor

from croniter import CroniterError, croniter
from django.db import transaction
from django.db.models.functions import Now

from .backend import JobTask
from .models import Schedule

log = logging.getLogger(__name__)

LONGEST_WAIT, SHORTEST_WAIT = 30, 1  # seconds between two looks
FORGET = timedelta(days=1)  # after which a time that nobody's code knows is deleted

_tasks = {}  # dotted path → (task, every)


def periodic(every):
    """Have the task below enqueued, without arguments, at every such time (cron) or so many seconds.

    The module is a `tasks.py` of an app, or is imported by one: workers look there. Raises ValueError.
    """
    is_number = isinstance(every, int | float)
    if (is_number and not every > 0) or (not is_number and not _comes(every)):
        raise ValueError(f"{every!r} is neither cron's five fields, of a time that comes, nor seconds.")

    def register(task):
        if not isinstance(task, JobTask):
            raise TypeError(f"@periodic stands above @task: {task!r} is no task.")
        _tasks[task.module_path] = (task, every)
        return task

    return register


def _comes(cron):
    """Tell whether these are five fields that a time fits: none does for the 31st of April."""
    try:
        return len(cron.split()) == 5 and bool(croniter(cron, datetime(2026, 1, 1)).get_next())
    except (CroniterError, AttributeError):
        return False


def give_due():
    """Enqueue what is due, and return the seconds until it is worth looking again."""
    found, now = _schedules()
    if new := _tasks.keys() - found.keys():
        rows = [Schedule(name=name, every="", due=Now()) for name in new]
        Schedule.objects.bulk_create(rows, ignore_conflicts=True)
        found, now = _schedules()
    dues = [_give(found[name], *_tasks[name], now) for name in _tasks.keys() & found.keys()]
    # Not at once: while a release is rolled out, the workers of another one may know it.
    if gone := [name for name in found.keys() - _tasks.keys() if found[name].due < now - FORGET]:
        Schedule.objects.filter(name__in=gone, due__lt=now - FORGET).delete()
    seconds = min([(due - now).total_seconds() for due in dues], default=LONGEST_WAIT)
    return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)


def _schedules():
    """Return ({name: Schedule}, the database's time)."""
    found = list(Schedule.objects.annotate(now=Now()))
    return {schedule.name: schedule for schedule in found}, found[0].now if found else None


def _give(schedule, task, every, now):
    """Enqueue the task if it is due and nobody else has; return when it is due next."""
    mine = Schedule.objects.filter(name=schedule.name, every=schedule.every)
    if schedule.every != str(every):  # new, or its code says another time now
        due = _after(now, every, now)
        mine.update(every=str(every), due=due)
        return due
    if schedule.due > now:
        return schedule.due
    due = _after(schedule.due, every, now)
    with transaction.atomic():
        if mine.filter(due=schedule.due, due__lte=Now()).update(due=due):
            job = task.enqueue()
            log.info("Job %s %s is due, and next at %s.", job.id, schedule.name, due.isoformat())
    return due


def _after(last, every, now):
    """Return the first time of the schedule after now; one of seconds stays in step with the last time."""
    if isinstance(every, str):
        return croniter(every, now).get_next(type(now))
    return last + timedelta(seconds=every * (floor((now - last).total_seconds() / every) + 1))
