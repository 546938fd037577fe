"""What a socket is owed is bounded: over the limit it is cut, and its client resumes later."""

import asyncio
import json

import pytest

from partyline.live.consumer import LiveConsumer

from . import test_server
from .own_redis import MISSING, own_redis  # noqa: F401 - a fixture
from .test_server import KEY, Server, database, frames, raw_page  # noqa: F401 - a fixture


async def connected(send):
    consumer = LiveConsumer()
    consumer.base_send = send
    return consumer


async def test_frames_that_wait_go_out_together_and_in_order():
    sent, go = [], asyncio.Event()

    async def send(message):
        sent.append(message["text"])
        await go.wait()

    consumer = await connected(send)
    consumer.push("1")
    await asyncio.sleep(0)
    for number in range(2, 6):
        consumer.push(str(number))
    go.set()
    await consumer.writer
    assert sent == ["1", "[2,3,4,5]"] and consumer.owed_bytes == 0


async def test_over_the_limit_it_is_cut_and_nothing_is_kept(settings):
    settings.WS_MAX_OWED = 1000
    sent, never = [], asyncio.Event()

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            await never.wait()

    consumer = await connected(send)
    for _ in range(20):
        consumer.push("x" * 100)
    while len(sent) < 2:
        await asyncio.sleep(0)
    assert sent[-1] == {"type": "websocket.close", "code": 1000}
    assert consumer.dead and not consumer.owed


async def test_a_catch_up_waits_instead_of_being_cut(settings):
    settings.WS_MAX_OWED = 1000
    go = asyncio.Event()

    async def send(message):
        await go.wait()

    consumer = await connected(send)
    for _ in range(6):
        consumer.push("x" * 100)
    waiting = asyncio.create_task(consumer.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    await waiting
    assert not consumer.dead


@pytest.fixture
def server(own_redis, database, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setitem(test_server.ENV, "REDIS_URL", own_redis.url)
    server = Server(tmp_path, database)
    yield server
    server.process.kill()
    server.process.wait()


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
def test_a_server_cuts_it_and_nobody_else(server):
    """The limit is 512 KiB, besides what the kernel holds; all that it got before is whole and in order."""
    with raw_page(server) as slow, server.connect(max_queue=None) as fast:
        text = json.dumps({"type": "resume", "streams": {KEY: {"epoch": "", "seq": 0}}}).encode()
        slow.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
        next(frame for frame in frames(fast) if "resumed" in frame)
        server.shell(
            "from django.db import transaction\nfrom partyline.live.log import publish\n"
            f"for n in range(100):\n  with transaction.atomic(): publish('{KEY}', 'x' * 20000)"
        )
        assert [f["seq"] for _, f in zip(range(100), entries(fast), strict=False)] == list(range(1, 101))
        found = b""
        while more := received(slow):
            found += more
        assert 0 < found.count(b'"seq":') < 60


def entries(page):
    return (frame for frame in frames(page) if "seq" in frame)


def received(client):
    try:
        return client.recv(65536)
    except ConnectionResetError:
        return b""
