"""What several tests of jobs need: waiting for a condition, and looking across processes."""

import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection


def until(condition, seconds=30):
    """Wait for the condition and return what it returned; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)
    return found


def database_url():
    """Return DATABASE_URL of the test's own database, for other processes."""
    it = connection.settings_dict
    if connection.vendor == "sqlite":
        if not Path(it["NAME"]).is_absolute():
            pytest.fail("The test database must be a file: other processes work on it.")
        return f"sqlite:///{it['NAME']}"
    password = f":{quote(it['PASSWORD'], safe='')}" if it["PASSWORD"] else ""
    return f"postgres://{it['USER']}{password}@{quote(it['HOST'], safe='')}:{it['PORT'] or 5432}/{it['NAME']}"


def started(folder):
    """Return the ids of the processes in which job_tasks.wait began, in order."""
    path = folder / "started"
    return path.read_text().split() if path.exists() else []
