"""However a socket ends, and whatever fails meanwhile, nobody stays a ghost and nobody goes deaf."""

import asyncio
import json

import pytest
from django.db import OperationalError

from partyline.live import heads, log, pool
from partyline.live import hub as hub_module
from partyline.live.inbox import MAX_WAITING, Inbox


async def joined(pages, key, epoch=""):
    page = await pages()
    await page.resume(**{key: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    return page


async def test_a_cancelled_application_is_nobodys_member(pages, wall, hub):
    page = await joined(pages, wall)
    assert len(hub.tails[wall].members) == 1
    page.socket.future.cancel()  # as Daphne does with one that takes too long to end
    while hub.sockets:
        await asyncio.sleep(0.01)
    assert not hub.tails[wall].members


async def test_an_entry_during_the_heads_check_resets_nobody(
    pages, wall, write, where, hub, monkeypatch, settings
):
    settings.WS_HEADS_SECONDS = 1000.0
    page = await joined(pages, wall, (await where(wall)).epoch)
    asked, go = asyncio.Event(), asyncio.Event()
    run = pool.run

    async def slow(function, *args):
        found = await run(function, *args)
        if function is heads.check:
            asked.set()
            await go.wait()
        return found

    monkeypatch.setattr(hub_module.pool, "run", slow)
    check = asyncio.create_task(hub._look_at([wall]))
    await asked.wait()
    await write(wall, "one")
    await page.until(lambda frame: frame.get("seq") == 1)
    go.set()
    await check
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert not [frame for frame in page.frames if "reset" in frame]


async def test_a_resume_that_fails_brings_the_client_back(pages, wall, monkeypatch):
    page = await pages()

    def fail(key):
        raise OperationalError("gone")

    monkeypatch.setattr(log, "position", fail)
    await page.resume(**{wall: ("", 0)})
    assert await page.until_closed() == 1000


async def test_leaving_while_joining_is_no_membership(pages, wall, hub):
    page = await joined(pages, wall)
    (socket,) = hub.tails[wall].members
    socket.streams.discard(wall)
    await hub.join(wall, socket, "", 0)
    assert socket not in hub.tails[wall].members
    assert page.accepted


async def test_a_lost_connection_leaves_its_rooms_in_the_same_call(pages, wall, hub):
    """What it has sent before is still done: the end stands behind it in its queue."""
    await joined(pages, wall)
    (socket,) = hub.tails[wall].members
    socket.on_lost()
    assert not hub.tails[wall].members and socket in hub.sockets and not socket.dead


class Transport:
    paused = False

    def pauseProducing(self):
        self.paused = True

    def resumeProducing(self):
        self.paused = False


async def test_what_a_client_sends_ahead_is_bounded():
    transport = Transport()
    queue = Inbox(transport)
    message = {"type": "websocket.receive", "text": json.dumps("x" * 65536)}
    sent = 0
    while not transport.paused:
        queue.put_nowait(message)
        sent += len(message["text"])
        assert sent <= MAX_WAITING + len(message["text"])
    while queue.messages:
        assert await queue.get() == message
    assert not transport.paused


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://testserver:port"])
async def test_a_malformed_origin_is_refused_in_silence(pages, origin, caplog):
    assert not (await pages(origin=origin)).accepted
    assert not [record for record in caplog.records if record.exc_info]
