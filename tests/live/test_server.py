"""The ws server as a process: it drains on SIGTERM, answers probes, and a slow reader hurts nobody."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import unix_connect

from tests.site import until

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "event:1"
SETTINGS = {"DJANGO_SETTINGS_MODULE": "partyline.settings", "REDIS_URL": "", "SECRET_KEY": "only-for-tests"}
ENV = os.environ | SETTINGS


def manage(env, *arguments):
    subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, check=True)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Make a database file with one event, once for this module."""
    path = tmp_path_factory.mktemp("database") / "db.sqlite3"
    env = ENV | {"DATABASE_URL": f"sqlite:///{path}"}
    manage(env, "migrate", "-v0")
    models = "from partyline.people.models import Person; from partyline.commentary.models import Event"
    make = "Event.objects.create(title='e', author=Person.objects.create_user('alice'))"
    manage(env, "shell", "-v0", "-c", f"{models}; {make}")
    return path


class Server:
    """A ws server with a database of its own; without Redis its heads check carries the entries."""

    program = "-m", "partyline.live.server"

    def __init__(self, folder, database):
        self.path, self.log = str(folder / "ws.sock"), folder / "log"
        shutil.copy(database, folder / "db.sqlite3")
        self.env = ENV | {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "WS_HEADS_SECONDS": "0.2",
            "WS_DRAIN_SECONDS": "2",
            "WS_MAX_OWED": "524288",
        }
        with open(self.log, "w") as out:
            self.process = subprocess.Popen(self.command, cwd=ROOT, env=self.env, stdout=out, stderr=out)
        until(lambda: self.ready() or self.process.poll() is not None, "the server is ready or gone")
        assert self.process.poll() is None, self.log.read_text()

    @property
    def command(self):
        return [sys.executable, *self.program, "-e", f"unix:{self.path}"]

    def shell(self, code):
        manage(self.env, "shell", "-v0", "-c", code)

    def get(self, path):
        """Return (status, body) of an HTTP request."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self.path)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]

    def ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def connect(self, origin="http://localhost", **options):
        page = unix_connect(self.path, "ws://localhost/ws/live/", origin=origin, legacy=True, **options)
        page.send(json.dumps({"type": "resume", "streams": {KEY: {"epoch": "", "seq": 0}}}))
        return page


@pytest.fixture
def server(tmp_path, database):
    server = Server(tmp_path, database)
    yield server
    server.process.kill()
    server.process.wait()


def frames(page, seconds=30):
    """Yield the frames of a page until it is closed."""
    while True:
        found = json.loads(page.recv(timeout=seconds))
        yield from found if isinstance(found, list) else [found]


def test_probes_and_never_a_page(server):
    assert server.get("/healthz")[0] == 200
    assert json.loads(server.get("/readyz")[1])["status"] == "ready"
    for path, status in (("/ws/live/", 426), ("/", 404), ("/ws/", 404), ("/admin/", 404)):
        found, body = server.get(path)
        assert found == status and "<" not in body


def test_the_drain(server):
    pages = [server.connect() for _ in range(20)]
    for page in pages:
        next(frame for frame in frames(page) if "resumed" in frame)
    server.process.send_signal(signal.SIGTERM)
    for page in pages:
        assert next(frame for frame in frames(page) if "move" in frame)["move"]["within"] > 0
    for page in pages[:10]:
        page.close()
    for page in pages[10:]:
        with pytest.raises(ConnectionClosed) as closed:
            list(frames(page))
        assert closed.value.rcvd.code == 1012
    assert server.process.wait(20) == 0
    assert "Drained, 0 applications left" in server.log.read_text()


def test_a_draining_process_takes_no_new_socket(server):
    page = server.connect()
    next(frame for frame in frames(page) if "resumed" in frame)
    server.process.send_signal(signal.SIGTERM)
    next(frame for frame in frames(page) if "move" in frame)
    with pytest.raises(OSError):
        server.connect()
    page.close()
    assert server.process.wait(20) == 0


def test_a_second_signal_ends_at_once(server):
    page = server.connect()
    next(frame for frame in frames(page) if "resumed" in frame)
    server.process.send_signal(signal.SIGTERM)
    next(frame for frame in frames(page) if "move" in frame)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(20)
    assert "stopping at once" in server.log.read_text()


def test_a_reader_that_does_not_read_holds_nobody_up_and_misses_nothing(server):
    slow, fast = server.connect(max_queue=1), server.connect()
    next(frame for frame in frames(fast) if "resumed" in frame)
    server.shell(
        "from django.db import transaction\nfrom partyline.live.log import publish\n"
        f"for n in range(300):\n  with transaction.atomic(): publish('{KEY}', 'x' * 20000)"
    )
    for page in (fast, slow):  # only now does the slow one begin to read
        seen = []
        for frame in frames(page):
            if "seq" in frame:
                seen.append(frame["seq"])
                if frame["seq"] == 300:
                    break
        assert seen == list(range(1, 301))
        page.close()


def raw_page(server):
    """Return a socket after its handshake, for frames that no client library sends."""
    page = socket.socket(socket.AF_UNIX)
    page.settimeout(20)
    page.connect(server.path)
    headers = {
        "Host": "localhost",
        "Origin": "http://localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eHh4eHh4eHh4eHh4eHh4eA==",
    }
    lines = ["GET /ws/live/ HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    page.sendall("\r\n".join(lines).encode())
    assert b" 101 " in page.recv(4096)
    return page


PING, EMPTY_FRAGMENT = b"\x89\x80\0\0\0\0", b"\x00\x80\0\0\0\0"


@pytest.mark.parametrize("first, frame", [(b"", PING), (b"\x01\x80\0\0\0\0", EMPTY_FRAGMENT)])
def test_a_flood_that_no_application_sees_is_cut(server, first, frame):
    """Pings, and fragments of a message that never ends, from a client that does not read the answers."""
    with raw_page(server) as page:
        page.sendall(first)
        with pytest.raises(OSError):
            for _ in range(1000):
                page.sendall(frame * 10000)
    other = server.connect()
    next(found for found in frames(other) if "resumed" in found)
    other.close()


def test_nobody_reads_the_log_for_a_client_that_has_gone(server):
    """It was sent a part of what it lacked, and left with more of its resumes waiting."""
    server.shell(
        "from django.db import transaction\nfrom partyline.live.log import publish\n"
        f"with transaction.atomic():\n  for n in range(1500): publish('{KEY}', 'x' * 4000)"
    )
    page = server.connect(max_queue=1)
    epoch = next(found for found in frames(page) if "resumed" in found)["resumed"]["epoch"]
    for _ in range(15):
        page.send(json.dumps({"type": "resume", "streams": {KEY: {"epoch": epoch, "seq": 1}}}))
    page.socket.shutdown(socket.SHUT_RDWR)
    page.socket.close()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    assert "Drained, 0 applications left" in server.log.read_text()
