"""Tasks for the tests: what they do shows in files, so that it shows across processes."""

import os
import time
from pathlib import Path

from django.db import connection, transaction
from django_tasks import task


@task
def write(path, text):
    """Append a line."""
    with open(path, "a") as file:
        file.write(f"{text}\n")
    return {"wrote": text}


@task(takes_context=True, label="A long one")
def wait(context, folder):
    """Say in `started` that it runs, then run until `go` exists."""
    folder, done = Path(folder), 0
    with open(folder / "started", "a") as file:
        file.write(f"{os.getpid()}\n")
    while not (folder / "go").exists():
        done += 1
        context.job.report(done, 0, "waiting")
        time.sleep(0.02)


@task(takes_context=True)
def count(context, to):
    """Report every step."""
    for done in range(1, to + 1):
        context.job.report(done, to, f"{done} of {to}")


@task(takes_context=True)
def export(context, text):
    """Make a file."""
    context.job.attach("export.txt", text)


@task(max_attempts=2)
def stumble(message):
    """Raise."""
    raise ValueError(f"{message}\0")


@task(max_attempts=1)
def leave():
    """Try to end the process."""
    raise SystemExit(1)


@task
def not_json(kind):
    """Return what JSON, or Postgres' JSON, cannot hold."""
    return {"a set": {1, 2, 3}, "not a number": float("nan"), "nothing": "\0"}[kind]


just_a_function = os.getpid


@task(takes_context=True)
def chatter(context, lines):
    """Log many lines."""
    for number in range(lines):
        context.job.log(f"line {number}")


@task(takes_context=True)
def steps(context, folder, to):
    """Do one step after the other, each a line in `out`, telling from where to go on."""
    folder, job = Path(folder), context.job
    for step in range(job.cursor or 0, to):
        with open(folder / "out", "a") as file:
            file.write(f"{step}\n")
        job.report(step + 1, to, cursor=step + 1)
        time.sleep(0.02)


@task
def spin(folder):
    """Run until `go` exists, and ask nobody; say in `ended` how it ended."""
    folder = Path(folder)
    (folder / "started").touch()
    try:
        while not (folder / "go").exists():
            time.sleep(0.01)
    except BaseException as error:
        (folder / "ended").write_text(type(error).__name__)
        raise


@task(takes_context=True)
def deaf(context, folder):
    """Run until `go` exists whatever is raised, then try to write; say in `ended` how that ended."""
    folder = Path(folder)
    (folder / "started").touch()
    _deaf(folder)
    try:
        context.job.report(1, 1, "late")
    except BaseException as error:
        (folder / "ended").write_text(type(error).__name__)
        raise


@task(takes_context=True)
def lock_up(context, folder):
    """Lock the job's row, and do not end."""
    with transaction.atomic():
        context.job.report(1, 2)
        _deaf(Path(folder))


def _deaf(folder):
    while not (folder / "go").exists():
        try:
            time.sleep(0.01)
        except BaseException:
            (folder / "heard").touch()


@task(takes_context=True)
def ask(context, folder):
    """Run until it is not wanted any more; say in `ended` how it ended."""
    folder = Path(folder)
    (folder / "started").touch()
    try:
        while True:
            context.job.stop_if_asked()
            time.sleep(0.01)
    except BaseException as error:
        (folder / "ended").write_text(type(error).__name__)
        raise


@task(takes_context=True)
def once(context, number, seconds=0.01):
    """Have an effect in the table `effect`, once."""
    if context.job.cursor == "done":
        return
    time.sleep(seconds)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (number) VALUES (%s)", [number])
        context.job.advance("done")


@task
def tick():
    """Be due."""
    return "tock"


@task
def enqueue_another():
    """Enqueue."""
    count.enqueue(1)


@task
def slow_at_first(folder):
    """The first time be long where nothing interrupts; later until `go` exists."""
    folder = Path(folder)
    with open(folder / "began", "a") as file:
        file.write("x")
    if (folder / "began").read_text() == "x":
        time.sleep(6)
        return
    while not (folder / "go").exists():
        time.sleep(0.02)


@task(takes_context=True)
def huge(context, number):
    """Report more than a database can keep, twice, and wait for `cancel`."""
    for _ in range(2):
        context.job.report(number, number)
    while True:
        time.sleep(0.02)
        context.job.stop_if_asked()


@task
def hold(folder):
    """Hold a transaction for good, in Python."""
    from partyline.jobs.models import Schedule

    folder = Path(folder)
    try:
        with transaction.atomic():
            list(Schedule.objects.select_for_update())
            while True:
                time.sleep(0.01)
    finally:
        (folder / "ended").touch()
