"""What it costs the database: a message three statements or four, a delivery none, a reconnect three …"""

import asyncio
import uuid

import pytest
from django.db import connection

from partyline.live import hub as hub_module
from partyline.live import revoke
from partyline.rooms.models import Room
from tests.statements import watch

from .conftest import in_thread

OF_A_MESSAGE = 3 if connection.vendor == "postgresql" else 4  # SQLite's WITH does not write


@pytest.fixture
def statements(monkeypatch):
    """Return the list that grows by every statement that any thread sends."""
    return watch(monkeypatch, "BEGIN", "COMMIT", "PRAGMA")


@pytest.fixture
def room(transactional_db, alice, bob):
    room = Room.objects.create(name="The den", owner=alice, is_private=True)
    room.invite(alice)
    room.invite(bob)
    return room


@pytest.fixture(autouse=True)
def nothing_by_itself(settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 1000.0
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 1000)
    monkeypatch.setattr("partyline.live.rounds.RENEW_SECONDS", 1000)


async def reading(pages, room, person, epoch="", seq=0):
    page = await pages(person)
    await page.resume(**{room.key: (epoch, seq)})
    await page.until(lambda frame: "resumed" in frame)
    await page.until(lambda frame: frame.get("state") == "presence")
    return page


async def say(page, room):
    client_id = str(uuid.uuid4())
    await page.send(type="say", stream=room.key, client_id=client_id, text="hello")
    await page.until(lambda frame: frame.get("done") == client_id)
    return client_id


async def test_a_message(pages, room, alice, bob, statements):
    speaker = await reading(pages, room, alice)
    readers = [await reading(pages, room, bob) for _ in range(5)]
    await say(speaker, room)
    statements.clear()
    client_id = await say(speaker, room)
    for page in readers:
        await page.until(lambda frame: frame.get("client_id") == client_id)
    # The room and the right to be in it, the stream's head and the message, the entry.
    assert len(statements) == OF_A_MESSAGE, statements


async def test_a_reconnect(pages, room, alice, bob, where, statements):
    epoch = (await where(room.key)).epoch
    await in_thread(lambda: [room.say(alice, f"text {number}") for number in range(50)])
    await reading(pages, room, bob)
    witness = await reading(pages, room, alice)
    statements.clear()
    page = await pages(alice)
    signing_in = len(statements)  # the test's own
    await page.resume(**{room.key: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(room.key) == list(range(1, 51))
    await say(witness, room)  # whatever else the reconnect has caused, has been asked by now
    asked = statements[signing_in:-OF_A_MESSAGE]
    assert not [query for query in statements if 'FROM "live_entry"' in query]
    assert len(asked) <= 1, (
        asked
    )  # may they see the room; the handshake has asked for the session and the person


async def test_the_handshake(pages, room, alice, hub, statements, settings):
    await reading(pages, room, alice)
    while hub.errands or revoke.KEY not in hub.tails or hub.tails[revoke.KEY].head is None:  # it is at work
        await asyncio.sleep(0.01)
    (socket,) = hub.sockets
    cookie = f"{settings.SESSION_COOKIE_NAME}={socket.session}"
    statements.clear()
    await pages(cookie=cookie)
    assert len(statements) == 2, statements  # the session, the person


async def test_a_heads_check(pages, room, alice, bob, hub, statements):
    for person in (alice, bob):
        await reading(pages, room, person)
    statements.clear()
    people = {socket.session: socket.person for socket in hub.sockets}
    await hub_module.hub._look_at(list(hub.tails), people)
    assert len(statements) == 1, statements
