"""The tasks as Partyline's."""

from functools import cache

from django_tasks import task

from partyline.jobs.models import Job
from partyline.people.models import Person

from . import work


@task
def noop():
    work.noop()


@task
def note(path, asked):
    work.note(path, asked)


@task
def hold(folder):
    work.hold(folder)


@task(takes_context=True)
def report(context, path, asked):
    """Report once, and note that it is at its end."""
    context.job.report(1, 1)
    work.note(path, asked)


TASKS = {each.name: each for each in (noop, note, hold, report)}


def enqueue(name, *arguments):
    TASKS[name].enqueue(*arguments)


def enqueue_shown(name, *arguments):
    """Enqueue it for a person, on whose pages it is shown."""
    TASKS[name].using(person=alice()).enqueue(*arguments)


@cache
def alice():
    return Person.objects.get_or_create(username="alice")[0]


def done():
    """Return how many are done, as the store knows it."""
    return Job.objects.filter(status=Job.Status.DONE).count()
