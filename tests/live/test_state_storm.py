"""However often a state is shown, a reader gets it 4 times a second at most, and the last one always."""

import asyncio
import random
import threading
import time

import pytest

from partyline.live import frames, state
from partyline.live.hub import STATE_SECONDS, Hub
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import store
from partyline.live.tail import Tail

from .conftest import in_thread

KEY = "board:1"


@pytest.fixture
def board():
    register(Kind("board", may_see=lambda person, id: True, states={"sum": lambda id: "drawn"}))
    yield KEY
    del _kinds["board"]


async def watch(pages):
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: "state" in frame)
    return page


def versions(page, name="sum"):
    return [frame["v"] for frame in page.frames if frame.get("state") == name]


async def storm(publishers=6, shows=100, until=None):
    """Let several publishers show as fast as they can; return the newest version when all have ended."""

    def publish(number):
        count = 0
        while count < shows or until and not until.is_set():
            state.show(KEY, "sum", f"{number} {count}")
            count += 1

    await asyncio.gather(*(in_thread(publish, number) for number in range(publishers)))
    return store().states(KEY)["sum"].v


async def test_it_works(board, pages, settings):
    settings.WS_HEADS_SECONDS = 0.3  # what a layer that is full has dropped
    readers = [await watch(pages) for _ in range(3)]
    began = time.monotonic()
    last = await storm()
    for page in readers:
        await page.until(lambda frame: frame.get("v") == last)
        most = 2 + (time.monotonic() - began) / STATE_SECONDS
        assert len(versions(page)) <= 1 + most
        assert versions(page) == sorted(set(versions(page)))


async def test_who_comes_in_a_storm_brings_the_others_no_more(board, pages, settings):
    """What is drawn or read for one who joins reaches the others at their pace."""
    settings.WS_HEADS_SECONDS = 0.3
    reader, over = await watch(pages), threading.Event()
    began = time.monotonic()
    storming = asyncio.create_task(storm(publishers=2, until=over))
    joined = [await watch(pages) for _ in range(10)]
    over.set()
    last = await storming
    for page in [reader, *joined]:
        await page.until(lambda frame: frame.get("v") == last)
    assert len(versions(reader)) <= 3 + (time.monotonic() - began) / STATE_SECONDS
    assert versions(reader) == sorted(set(versions(reader)))


class Reader:
    """What the hub hands to a socket."""

    def __init__(self):
        self.got = []

    def push(self, frame):
        self.got.append(frame)

    def deliver(self, batch):
        self.got += batch.frames


@pytest.fixture
def reader():
    return Reader()


@pytest.fixture
def a_hub(reader):
    """Return a hub that has only this reader."""
    hub = Hub()
    hub.tails[KEY] = Tail(KEY)
    hub.tails[KEY].members.add(reader)
    return hub


def shown(v, name="sum"):
    return {"key": KEY, "name": name, "v": v, "frame": frames.state(KEY, name, v, str(v))}


async def until_got(reader, *expected):
    while len(reader.got) < len(expected):
        await asyncio.sleep(0.01)
    assert reader.got == [each["frame"] for each in expected]


async def test_the_first_at_once_the_newest_later_and_none_between(a_hub, reader):
    for v in (3, 1, 7, 5, 7, 6):
        a_hub._on_state(shown(v))
    waiting = a_hub.tails[KEY].states["sum"]
    assert waiting.timer.when() > waiting.sent_at + STATE_SECONDS * 0.99
    await until_got(reader, shown(3))
    await until_got(reader, shown(3), shown(7))
    a_hub._on_state(shown(4))
    await asyncio.sleep(0)
    assert not a_hub.tails[KEY].states["sum"].timer, "an older one does not even wait"


async def test_each_state_has_its_own_pace(a_hub, reader):
    for v in (1, 2):
        for name in ("sum", "others"):
            a_hub._on_state(shown(v, name))
    await until_got(reader, shown(1), shown(1, "others"))
    await until_got(reader, shown(1), shown(1, "others"), shown(2), shown(2, "others"))


async def test_after_a_while_it_comes_at_once_again(a_hub, reader, monkeypatch):
    monkeypatch.setattr("partyline.live.hub.STATE_SECONDS", 0.01)
    a_hub._on_state(shown(1))
    await asyncio.sleep(0.02)
    assert a_hub.deliver_state(*shown(2).values())
    await until_got(reader, shown(1), shown(2))


async def test_a_random_storm(a_hub, reader, monkeypatch):
    monkeypatch.setattr("partyline.live.hub.STATE_SECONDS", 0.02)
    chance, loop = random.Random(6), asyncio.get_running_loop()
    order = list(range(1, 2001))
    for start in range(0, 2000, 50):  # late ones among newer ones
        part = order[start : start + 50]
        chance.shuffle(part)
        order[start : start + 50] = part
    began = loop.time()
    for v in order:
        a_hub._on_state(shown(v))
        if chance.random() < 0.1:
            await asyncio.sleep(0.002)
    while reader.got[-1:] != [shown(2000)["frame"]]:
        await asyncio.sleep(0.01)
    assert len(reader.got) <= 2 + (loop.time() - began) / 0.02
    sent = reader.got
    assert sent == [shown(v)["frame"] for v in range(2001) if shown(v)["frame"] in set(sent)]
