"""The ws server starts by its module's name alone, answers the probes, and ends by itself when told to."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.host)


@pytest.fixture
def server(tmp_path):
    """A server on a unix socket, started without DJANGO_SETTINGS_MODULE; its database has no tables."""
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    env |= {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3", "REDIS_URL": "", "WS_DRAIN_SECONDS": "1"}
    address, log = tmp_path / "ws.sock", tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "partyline.live.server", "-e", f"unix:{address}"],
            env=env, stdout=out, stderr=out, cwd=settings.BASE_DIR,
        )  # fmt: skip
    deadline = time.monotonic() + 30
    while not address.exists():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    yield process, str(address), log
    process.kill()
    process.wait()


def ask(address, method, path):
    connection = Unix(address)
    connection.request(method, path, headers={"Host": "a.pod"})
    response = connection.getresponse()
    return response.status, response.read()


def test_it_works(server):
    process, address, log = server
    assert ask(address, "GET", "/healthz") == (200, b'{"status": "alive"}')
    assert ask(address, "HEAD", "/healthz") == (200, b"")
    status, body = ask(address, "GET", "/readyz")
    assert status == 503 and b"migrations are missing" in body
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()
