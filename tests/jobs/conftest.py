"""Workers in this process, and workers that are real processes."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # for job_tasks, whose dotted name workers import too

from job_tools import database_url, until  # noqa: E402


@pytest.fixture
def work():
    """Return a function that runs all due jobs here, one after the other."""
    from partyline.jobs.models import Job
    from partyline.jobs.worker import Worker

    def run():
        worker = Worker(1)
        while job := Job.objects.claim(worker.name, 30):
            worker._run(job)

    return run


@pytest.fixture
def clock(monkeypatch):
    """Return a function that sets the database's clock, as this process sees it, off by so many seconds."""

    def step(seconds):
        ahead = {
            "as_postgresql": f"(STATEMENT_TIMESTAMP() + INTERVAL '{seconds} seconds')",
            "as_sqlite": f"STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW', '{seconds:+} seconds')",
        }
        for name, sql in ahead.items():

            def write(now, compiler, connection, sql=sql, **context):
                return now.as_sql(compiler, connection, template=sql, **context)

            monkeypatch.setattr(Now, name, write)

    return step


@pytest.fixture
def effects(transactional_db):
    """Return a function that returns all effects of job_tasks.once."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE effect (number integer)")

    def found():
        with connection.cursor() as cursor:
            cursor.execute("SELECT number FROM effect ORDER BY number")
            return [number for (number,) in cursor.fetchall()]

    yield found
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE effect")


@pytest.fixture
def manage(tmp_path):
    """Return a function that starts `manage.py …` on the test's database and returns the process.

    Its output is in `.log`, its heartbeat file in `.heartbeat`.
    """
    started = []

    def start(*command, **environment):
        number = len(started)
        env = os.environ | {
            "DATABASE_URL": environment.pop("DATABASE_URL", None) or database_url(),
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(HERE), os.environ.get("PYTHONPATH", "")]),
            "WORKER_HEARTBEAT_FILE": str(tmp_path / f"{number}.heartbeat"),
            "SECRET_KEY": "only-for-tests",
            "DJANGO_SETTINGS_MODULE": "partyline.settings",  # a process of the site, not of the tests
            "REDIS_URL": "",
            "LOG_LEVEL": "INFO",
            **environment,
        }
        log = tmp_path / f"{number}.log"
        with open(log, "w") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *map(str, command)],
                cwd=HERE.parent.parent,
                env=env,
                stdout=out,
                stderr=out,
                start_new_session=True,  # so that the autoreloader's child ends with it
            )
        process.log, process.heartbeat = log, Path(env["WORKER_HEARTBEAT_FILE"])
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def worker(manage):
    """Return a function that starts a worker and waits until it is ready."""

    def start(*options, **environment):
        process = manage("worker", "--no-periodic", *options, **environment)
        until(lambda: "is ready" in process.log.read_text() or process.poll() is not None)
        assert process.poll() is None, process.log.read_text()
        return process

    return start
