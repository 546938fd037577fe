"""A ws process that ends leaves nothing unwritten, and waits for nothing that never comes."""

import json
import signal

import pytest

from .test_server import Server, database, frames  # noqa: F401

KEY = "wall:1"
PROGRAM = """
import sys
from concurrent.futures import Future
from partyline.live import server
import partyline.routing
from partyline.live.batches import Batches
from partyline.live.kinds import Kind, register

def write(items):
    print("written", *items, flush=True)

some = Batches(write, pause=1000)
handlers = {
    "put": lambda person, id, fields: some.put(fields["text"]),
    "hang": lambda person, id, fields: Future(),
    "pass": lambda person, id, fields: None,
}
register(Kind("wall", may_see=lambda person, id: True, handlers=handlers))
server.main(sys.argv[1:])
"""


class Wall(Server):
    program = "-c", PROGRAM


@pytest.fixture
def server(tmp_path, database):  # noqa: F811
    server = Wall(tmp_path, database)
    yield server
    server.process.kill()
    server.process.wait()


def send(page, type, text):
    page.send(json.dumps({"type": type, "stream": KEY, "client_id": text, "text": text}))


@pytest.fixture
def page(server):
    """Return a page whose "one" is written, and whose "two" and "three" wait; "hung" never ends."""
    page = server.connect()
    send(page, "put", "one")
    next(frame for frame in frames(page) if frame.get("done") == "one")
    for type, text in (("put", "two"), ("hang", "hung"), ("put", "three"), ("pass", "next")):
        send(page, type, text)
    assert next(frame for frame in frames(page) if "done" in frame) == {"done": "next"}
    assert "two" not in server.log.read_text()
    yield page
    page.close()


def test_a_drain(server, page):
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    log = server.log.read_text()
    assert "written one\n" in log and "written two three\n" in log
    assert "Drained, 0 applications left" in log and "Traceback" not in log


def test_a_second_signal(server, page):
    for _ in range(2):
        server.process.send_signal(signal.SIGTERM)
        next(frame for frame in frames(page) if "move" in frame) if _ == 0 else None
    server.process.wait(20)
    assert "written two three\n" in server.log.read_text()
