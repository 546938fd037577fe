"""Who is here: one line per person over all tabs, shown on every page, gone after the grace."""

import pytest

from partyline.live import presence
from partyline.live.store import store
from partyline.people.models import Person
from partyline.rooms.models import Room

from .conftest import in_thread


@pytest.fixture
def room(transactional_db):
    return Room.objects.create(name="Lobby", owner=Person.objects.create_user("alice"))


@pytest.fixture
def quick(monkeypatch):
    """Let the clocks of presence run faster; the rules stay the same."""
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 0.1)
    monkeypatch.setattr("partyline.live.presence_store.PACE_SECONDS", 0.05)
    monkeypatch.setattr("partyline.live.presence_store.SETTLE_SECONDS", 0.3)


async def enter(pages, room, person):
    page = await pages(person)
    await page.resume(**{room.key: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)
    return page


def here(names):
    """Return the condition that a presence shows exactly these people."""
    return lambda frame: (
        frame.get("state") == "presence"
        and {name for name in ("alice", "bob") if f">{name}<" in frame["html"]} == set(names)
    )


async def test_it_works(pages, room, quick):
    alice = await enter(pages, room, room.owner)
    await alice.until(here(["alice"]))
    bob = await enter(pages, room, await in_thread(Person.objects.create_user, "bob"))
    await alice.until(here(["alice", "bob"]))
    await bob.socket.disconnect(timeout=20)
    bob_left = len(alice.frames)
    await alice.until(lambda frame: frame in alice.frames[bob_left:] and here(["alice"])(frame))


async def test_charlie_may_not_see(pages, room, quick):
    bob, charlie = [await in_thread(Person.objects.create_user, name) for name in ("bob", "charlie")]

    def make_private():
        Room.objects.filter(pk=room.pk).update(is_private=True)
        room.members.set([room.owner, bob])

    await in_thread(make_private)
    page = await pages(charlie)
    await page.resume(**{room.key: ("", 0)})
    await page.until(lambda frame: frame.get("refused") == "not_allowed")
    alice, bob = await enter(pages, room, room.owner), await enter(pages, room, bob)
    await alice.until(here(["alice", "bob"]))
    await bob.until(here(["alice", "bob"]))
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert [frame for frame in page.frames if "state" in frame] == []
    assert charlie.pk not in await in_thread(presence.people_in, room.key)


async def test_two_tabs_are_one_person(pages, room, quick):
    first, second = await enter(pages, room, room.owner), await enter(pages, room, room.owner)
    shown = await second.until(here(["alice"]))
    assert shown["html"].count(">alice<") == 1
    await first.socket.disconnect(timeout=20)
    assert await in_thread(presence.people_in, room.key) == {room.owner.pk: False}


async def test_a_reconnect_within_the_grace_is_not_shown(pages, room, monkeypatch):
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 0.05)
    watcher = await enter(pages, room, await in_thread(Person.objects.create_user, "bob"))
    alice = await enter(pages, room, room.owner)
    await watcher.until(here(["alice", "bob"]))
    seen = len(watcher.frames)
    await alice.socket.disconnect(timeout=20)
    await enter(pages, room, room.owner)
    await watcher.send(type="nonsense")
    await watcher.until(lambda frame: "error" in frame)
    assert [frame for frame in watcher.frames[seen:] if "state" in frame] == []


async def test_another_processs_people_count_and_go_with_it(pages, room, quick, monkeypatch):
    await in_thread(Person.objects.create_user, "bob")
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    alice = await enter(pages, room, room.owner)
    with monkeypatch.context() as other:
        other.setattr(presence, "PROCESS", "another")
        await in_thread(presence.touch, room.key, [bob.pk], 0.5)  # then it is killed: nobody renews
    await alice.until(here(["alice", "bob"]))
    seen = len(alice.frames)
    await alice.until(lambda frame: frame in alice.frames[seen:] and here(["alice"])(frame))


async def test_a_flushed_store_heals(pages, room, quick, monkeypatch):
    monkeypatch.setattr("partyline.live.rounds.RENEW_SECONDS", 0.1)
    alice = await enter(pages, room, room.owner)
    await alice.until(here(["alice"]))
    if hasattr(store(), "redis"):
        await in_thread(store().redis.flushall)
    else:
        store().__init__()
    seen = len(alice.frames)
    await alice.until(lambda frame: frame in alice.frames[seen:] and here(["alice"])(frame))


def test_versions_rise_over_a_flush():
    first = store().set_state("wall:1", "x", "", "one")
    if hasattr(store(), "redis"):
        store().redis.flushall()
    else:
        store().__init__()
    assert store().set_state("wall:1", "x", "", "two") >= first
    assert store().set_state("wall:1", "x", "", "three") > first
