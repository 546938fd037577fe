"""Tasks for the tests: what they do shows in files, so that it shows across processes."""

import os
import time
from pathlib import Path

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
