"""Tasks for the tests of jobs' pages: they go on when a test lets them, by making a file."""

import time
from pathlib import Path

from django_tasks import task


@task(takes_context=True, label="Ten steps")
def steps(context, folder):
    """Take step after step, each when the file of its number is there."""
    job = context.job
    for step in range(1, 11):
        job.log(f"step {step} begins")
        while not Path(folder, str(step)).exists():
            job.report(step - 1, 10, f"{step - 1} of 10 steps")
            time.sleep(0.02)


@task(label="A failing one")
def fail():
    """Raise what only operators may read."""
    raise ValueError("the secret reason")
