"""Workers that are processes of their own, on the test's database."""

import contextlib
import os
import subprocess
import sys

from tests.jobs.job_tools import database_url
from tests.site import ROOT, until


@contextlib.contextmanager
def workers(folder):
    """Give a function that starts a worker; all are killed at the end. Their logs lie in the folder."""
    started = []

    def start(**environment):
        log = folder / f"worker-{len(started)}.log"
        env = os.environ | {
            "DATABASE_URL": database_url(),
            "REDIS_URL": "",
            "WORKER_HEARTBEAT_FILE": str(log.with_suffix(".heartbeat")),
            "DJANGO_SETTINGS_MODULE": "partyline.settings",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        command = [sys.executable, "manage.py", "worker", "--no-periodic", "--lease", "1"]
        with open(log, "w") as out:
            started.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out))
        until(lambda: "is ready" in log.read_text() or started[-1].poll() is not None, "a worker is ready")
        assert started[-1].poll() is None, log.read_text()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
