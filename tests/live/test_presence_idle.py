"""A person is idle when all of their pages are, wherever those are connected; active again at once."""

import pytest

from partyline.live import presence
from partyline.people.models import Person
from partyline.rooms.models import Room

from .conftest import in_thread


@pytest.fixture
def room(transactional_db, monkeypatch):
    monkeypatch.setattr("partyline.live.presence_store.PACE_SECONDS", 0.05)
    return Room.objects.create(name="Lobby", owner=Person.objects.create_user("alice"))


@pytest.fixture
async def bob(room):
    return await in_thread(Person.objects.create_user, "bob")


async def enter(pages, room, person, **more):
    page = await pages(person)
    await page.send(type="resume", streams={room.key: {"epoch": "", "seq": 0}}, **more)
    await page.until(lambda frame: "resumed" in frame)
    return page


def line(person, idle):
    """Return the condition that a presence shows this person, idle or not."""

    def condition(frame):
        lines = frame["html"].split("<li") if frame.get("state") == "presence" else []
        mine = [each for each in lines if f'data-author="{person.pk}"' in each]
        return bool(mine) and ('<span class="tag">idle</span>' in mine[0]) is idle

    return condition


async def after(page, condition):
    """Take frames from here on, until one fulfils the condition."""
    seen = len(page.frames)
    return await page.until(lambda frame: frame in page.frames[seen:] and condition(frame))


async def test_it_works(pages, room, bob):
    alice, bobs = await enter(pages, room, room.owner), await enter(pages, room, bob)
    await alice.until(line(bob, False))
    await bobs.send(type="beat", idle=True)
    shown = await alice.until(line(bob, True))
    assert line(room.owner, False)(shown)
    assert shown["html"].index(">alice<") < shown["html"].index(">bob<"), "who is active stands first"
    await bobs.send(type="beat", idle=False)
    await after(alice, line(bob, False))


async def test_one_active_page_is_enough(pages, room, bob):
    alice, first, second = [await enter(pages, room, person) for person in (room.owner, bob, bob)]
    await first.send(type="beat", idle=True)
    await first.send(type="nonsense")
    await first.until(lambda frame: "error" in frame)
    assert (await in_thread(presence.people_in, room.key))[bob.pk] is False
    await second.send(type="beat", idle=True)
    await alice.until(line(bob, True))


async def test_one_active_page_at_another_process_is_enough(pages, room, bob):
    alice, bobs = await enter(pages, room, room.owner), await enter(pages, room, bob)
    await in_thread(presence.tell, {room.key: {bob.pk: False}}, {}, "another")
    await bobs.send(type="beat", idle=True)
    await bobs.send(type="nonsense")
    await bobs.until(lambda frame: "error" in frame)
    assert (await in_thread(presence.people_in, room.key))[bob.pk] is False
    await in_thread(presence.tell, {room.key: {bob.pk: True}}, {}, "another")
    await alice.until(line(bob, True))


async def test_who_comes_back_idle_is_not_shown_as_active(pages, room, bob):
    alice, old = await enter(pages, room, room.owner), await enter(pages, room, bob)
    await old.send(type="beat", idle=True)
    await alice.until(line(bob, True))
    seen = len(alice.frames)
    await enter(pages, room, bob, idle=True)
    await old.socket.disconnect(timeout=20)
    await enter(pages, room, await in_thread(Person.objects.create_user, "carol"))
    await alice.until(lambda frame: "carol" in frame.get("html", ""))
    assert not any(map(line(bob, False), alice.frames[seen:]))


@pytest.mark.parametrize("idle", ["true", 1, None, [], {}])
async def test_anything_else_is_active(pages, room, idle):
    page = await enter(pages, room, room.owner)
    await page.send(type="beat", idle=idle)
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert await in_thread(presence.people_in, room.key) == {room.owner.pk: False}
