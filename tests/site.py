"""The running site that tests look at from outside: PARTYLINE_URL, or one process that they start themselves.

PARTYLINE_MODE (containers or native) says that `make` of this checkout runs that site, and may be used on it;
PARTYLINE_MAY_RESTART=1, that it may be stopped for a moment.
"""

import atexit
import contextlib
import functools
import os
import secrets
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
NEEDS_STACK = "needs a running stack: make up, then PARTYLINE_URL=… PARTYLINE_MODE=containers or native"


class Site:
    """Where it is, and what may be done to it; mode "" is somebody else's, "one process" our own."""

    def __init__(self, url, mode, log=None):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            pytest.exit(f"PARTYLINE_URL={url!r} is not like http://127.0.0.1:8080", 2)
        if mode not in ("", "one process", "containers", "native"):
            pytest.exit(f"PARTYLINE_MODE={mode!r} is neither containers nor native", 2)
        self.origin, self.mode, self.log = f"{parts.scheme}://{parts.netloc}", mode, log
        self.netloc, self.host = parts.netloc, parts.hostname
        self.secure = parts.scheme == "https"
        self.port = parts.port or (443 if self.secure else 80)
        self.socket_url = f"{'wss' if self.secure else 'ws'}://{parts.netloc}/ws/live/"
        self.tls = ssl._create_unverified_context() if self.secure else None  # `make tls` is nobody's
        self.may_restart = os.environ.get("PARTYLINE_MAY_RESTART") == "1"

    def alive(self):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.tls)
        )
        try:
            return opener.open(f"{self.origin}/healthz", timeout=5).status == 200
        except OSError:
            return False


def until(condition, what, seconds=30, pause=0.05):
    """Wait for a condition, with a limit, and return what it gave."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(pause)
    return found


def new_name(name):
    """Return a name that nobody has: the site may have lived before this test."""
    return f"{name} {secrets.token_hex(4)}"


def free_ports(count):
    """Return so many different ports that nobody has right now."""
    with contextlib.ExitStack() as held:  # all at once, or the same one may come twice
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@functools.cache
def running():
    """Return the site of this test session; the one that it starts ends with it."""
    if url := os.environ.get("PARTYLINE_URL"):
        site = Site(url, os.environ.get("PARTYLINE_MODE", ""))
        until(site.alive, f"{url} answers", 10)
        return site
    folder = tempfile.TemporaryDirectory(prefix="partyline-site-")
    atexit.register(folder.cleanup)
    site = Site(f"http://127.0.0.1:{free_ports(1)[0]}", "one process", Path(folder.name, "log"))
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "partyline.settings",
        "DEBUG": "true",
        "DATABASE_URL": f"sqlite:///{folder.name}/site.sqlite3",
        "REDIS_URL": "",
        "WORKER_HEARTBEAT_FILE": f"{folder.name}/heartbeat",
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, ROOT / "manage.py", "run", "--noreload", site.netloc]
    process = subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=site.log.open("w"), stderr=subprocess.STDOUT
    )
    atexit.register(end, process)

    def up():
        assert process.poll() is None, site.log.read_text()
        return site.alive()

    until(up, "`manage.py run` answers")
    return site


def end(process):
    """Stop a server, and see it gone."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
