"""How many look at a stream is known to every process, and who is not counted, or has gone, is not in it."""

import json
from types import SimpleNamespace

import pytest

from partyline.live import watching
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import store
from tests.site import until

from .own_redis import MISSING, own_redis  # noqa: F401
from .test_server import Server, database, frames  # noqa: F401

KEY = "board:1"


@pytest.fixture
def board():
    register(Kind("board", may_see=lambda person, id: id == "1", watched=True))
    yield KEY
    del _kinds["board"]


def announce(name, numbers, service="ws", seconds=30):
    store().announce(name, json.dumps([service, name, 1.0, True, numbers]), seconds)


async def test_one_process_counts_its_sockets(pages, board, wall, hub, alice):
    readers = [await pages(alice), await pages(alice), await pages()]
    for page in readers:
        await page.resume(**{KEY: ("", 0), wall: ("", 0), "board:2": ("", 0)})
        await page.until(lambda frame: frame.get("stream") == wall and "resumed" in frame)
        await page.until(lambda frame: frame.get("stream") == KEY and "resumed" in frame)
    assert watching.here(hub) == {KEY: 3}, (
        "neither the wall, whose readers nobody counts, nor what is refused"
    )
    await readers[0].send(type="leave", streams=[KEY])
    await readers[0].send(type="nonsense")
    await readers[0].until(lambda frame: "error" in frame)
    await readers[1].socket.disconnect()
    assert watching.here(hub) == {KEY: 1}
    await readers[2].socket.disconnect()
    assert watching.here(hub) == {}


def test_all_processes_together():
    announce("a", {"sockets": 9, "watching": {KEY: 3, "board:2": 1}})
    announce("b", {"sockets": 9, "watching": {KEY: 4}})
    announce("of an earlier release", {"sockets": 9})
    announce("no ws", {"watching": {KEY: 100}}, service="worker")
    assert watching.watching(KEY) == 7
    assert watching.watching("board:2") == 1 and watching.watching("board:3") == 0


def test_all_streams_are_counted_at_once(monkeypatch):
    """Each draws how many read it every two seconds: asking for each alone costs the square of them."""
    announce("a", {"watching": {f"board:{number}": number for number in range(100)}})
    asked, processes = [], watching.processes
    monkeypatch.setattr(watching, "processes", lambda service: asked.append(service) or processes(service))
    now = [7.9]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    assert [watching.watching(f"board:{number}") for number in range(100)] == list(range(100))
    assert asked == ["ws"]
    now[0] = 8.0
    assert watching.watching(KEY) == 1 and asked == ["ws", "ws"]


def test_those_of_a_killed_process_are_forgotten():
    announce("gone", {"watching": {KEY: 3}}, seconds=1)
    assert watching.watching(KEY) == 3
    until(lambda: watching.watching(KEY) == 0, "they are forgotten")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_while_redis_is_away(own_redis):  # noqa: F811
    announce("a", {"watching": {KEY: 3}})
    own_redis.kill()
    assert watching.watching(KEY) == 0


PROGRAM = """
import sys
from partyline.live import server
import partyline.routing
from partyline.live.kinds import Kind, Refused, register
from partyline.live.watching import watching

def count(person, id, fields):
    raise Refused("count", str(watching(f"wall:{id}")))

register(Kind("wall", may_see=lambda person, id: True, handlers={"count": count}, watched=True))
server.main(sys.argv[1:])
"""


class Wall(Server):
    program = "-c", PROGRAM


def test_a_ws_server_says_it(tmp_path, database):  # noqa: F811
    server = Wall(tmp_path, database)
    try:
        pages = [server.connect() for _ in range(2)]
        for page in pages:
            page.send(json.dumps({"type": "resume", "streams": {"wall:1": {"epoch": "", "seq": 0}}}))

        def counted():
            pages[0].send(json.dumps({"type": "count", "stream": "wall:1", "client_id": "how many"}))
            return next(frame["message"] for frame in frames(pages[0]) if "failed" in frame) == "2"

        until(counted, "both are counted", pause=0.2)
        for page in pages:
            page.close()
    finally:
        server.process.kill()
        server.process.wait()
