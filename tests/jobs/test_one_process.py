"""`manage.py run`, the site in one process, migrates, serves, and works; a reload gives its jobs back."""

import os
import socket
import urllib.request
from pathlib import Path

import job_tasks
from job_tools import started, until


def test_it_works(tmp_path, manage):
    # A copy, so that the reload is not set off by touching the repository.
    tasks = tmp_path / "own_tasks.py"
    tasks.write_text(Path(job_tasks.__file__).read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    here = {"DATABASE_URL": f"sqlite:///{tmp_path}/one.sqlite3", "DEBUG": "true"}

    site = manage("run", address, **here)
    until(lambda: answers(f"http://{address}/healthz"))
    enqueue = f"import own_tasks; own_tasks.wait.enqueue({str(tmp_path)!r})"
    assert manage("shell", "-c", enqueue, **here).wait(30) == 0
    until(lambda: len(started(tmp_path)) == 1)

    # Again and again: the reloader must have seen the file once before it notices a change.
    until(lambda: os.utime(tasks) or "is given back" in site.log.read_text())
    until(lambda: len(started(tmp_path)) == 2, 25)  # sooner than its lease would have run out
    (tmp_path / "go").touch()
    until(lambda: "is done" in site.log.read_text())
    site.terminate()
    site.wait(10)


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False
