"""However many sockets come and go at once, the store is asked a few times, and is told how it is now."""

import asyncio
import threading

import pytest

from partyline.live import presence
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.local_people import LocalPeople

KEY = "hall:1"


class Person:
    def __init__(self, pk):
        self.pk = pk


class Socket:
    idle = False

    def __init__(self, pk):
        self.person, self.streams = Person(pk), {KEY}


class Hub:
    def __init__(self):
        self.tasks = set()

    def spawn(self, coroutine):
        self.tasks.add(asyncio.ensure_future(coroutine))


@pytest.fixture
async def people(transactional_db):
    register(Kind("hall", may_see=lambda person, id: True, presence=lambda id, people: ""))
    hub = Hub()
    yield LocalPeople(hub, "one")
    await asyncio.gather(*hub.tasks)
    del _kinds["hall"]


@pytest.fixture
def asked(monkeypatch):
    """Return what the store was told, [(here, gone)]; while `.open` is not set, it does not answer."""

    class Asked(list):
        open = threading.Event()

    asked = Asked()
    asked.open.set()

    def tell(here, gone, process, since):
        assert asked.open.wait(20)
        asked.append((here, gone))
        return "ever"

    monkeypatch.setattr(presence, "tell", tell)
    return asked


async def test_it_works(people, asked):
    socket = Socket(1)
    await people.arrive(KEY, socket)
    await people.leave(KEY, socket)
    assert asked == [({KEY: {1: False}}, {}), ({}, {KEY: [1]})]
    assert people.sockets == {}


async def test_a_storm_is_a_few_questions(people, asked):
    sockets = [Socket(number % 300 + 1) for number in range(500)]
    await asyncio.gather(*(people.arrive(KEY, socket) for socket in sockets))
    await asyncio.gather(*(people.leave(KEY, socket) for socket in sockets))
    assert len(asked) <= 4
    assert people.sockets == {}
    assert sorted(id for _, gone in asked for id in gone.get(KEY, ())) == list(range(1, 301))


async def test_only_the_last_socket_of_a_person_matters(people, asked):
    first, second = Socket(1), Socket(1)
    await people.arrive(KEY, first)
    await people.arrive(KEY, second)
    asked.clear()
    await people.leave(KEY, first)
    await people.leave(KEY, first)
    assert asked == []
    await people.leave(KEY, second)
    assert asked == [({}, {KEY: [1]})]


async def test_who_left_and_came_back_while_the_store_was_slow_is_here(people, asked):
    old, new = Socket(1), Socket(1)
    await people.arrive(KEY, old)
    asked.open.clear()
    slow = asyncio.ensure_future(people.renew())
    await asyncio.sleep(0)
    tasks = [asyncio.ensure_future(each) for each in (people.leave(KEY, old), people.arrive(KEY, new))]
    await asyncio.sleep(0)
    asked.open.set()
    await asyncio.gather(slow, *tasks)
    assert asked[-1] == ({KEY: {1: False}}, {})


async def test_a_renewal_makes_nobody_again_who_has_left(people, asked):
    socket = Socket(1)
    await people.arrive(KEY, socket)
    asked.open.clear()
    renewal = asyncio.ensure_future(people.renew())
    left = asyncio.ensure_future(people.leave(KEY, socket))
    await asyncio.sleep(0)
    asked.open.set()
    await asyncio.gather(renewal, left)
    assert asked[-1] == ({}, {KEY: [1]})


async def test_one_that_is_cut_in_the_middle_counts_no_more(people, asked):
    socket = Socket(1)
    await people.arrive(KEY, socket)
    people.forget(socket)
    assert people.sockets == {}
    await people.renew()
    await people.leave(KEY, socket)
    assert len(asked) == 1
