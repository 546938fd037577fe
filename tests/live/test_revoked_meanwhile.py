"""A right that goes while something is under way: a handshake, a long resume, a look at states."""

import asyncio
import json

import pytest

from partyline.live import arrivals, pool, revoke, state
from partyline.live.kinds import Kind, _kinds, register

from .conftest import in_thread


@pytest.fixture
def gate(settings, monkeypatch):
    """Register `gate:<id>`, and return who may see it: {(person's id, id)}; the notice alone must do it."""
    settings.WS_HEADS_SECONDS = 1000.0
    allowed = set()

    def may_see(person, id):
        if "broken" in allowed:
            raise RuntimeError("a product's mistake")
        return (person.pk, id) in allowed

    register(Kind("gate", may_see=may_see, states={"s": lambda id: "a secret state"}))
    yield allowed
    del _kinds["gate"]


class Held:
    """Hold the answers of one function that the pool runs, until let go."""

    def __init__(self, monkeypatch, name, function):
        self.come, self.go = asyncio.Event(), asyncio.Event()
        run = getattr(pool, name)

        async def held(called, *args):
            found = await run(called, *args)
            if called is function:
                self.come.set()
                await self.go.wait()
            return found

        monkeypatch.setattr(pool, name, held)


async def looked_again(hub, times):
    while hub.revocations < times or hub.errands:
        await asyncio.sleep(0.01)


async def test_a_handshake(pages, hub, gate, alice, wall, monkeypatch):
    await pages()  # the hub listens
    while not hub.revocations:
        await asyncio.sleep(0.01)
    held, before = Held(monkeypatch, "run", arrivals.greet), hub.revocations
    opening = asyncio.ensure_future(pages(alice))
    await held.come.wait()
    alice.is_active = False
    await in_thread(alice.save)
    await looked_again(hub, before + 1)
    held.go.set()
    assert await (await opening).until_closed() == 4403


async def test_a_long_resume_of_several_streams(pages, hub, gate, alice, write, where, monkeypatch):
    gate |= {(alice.pk, "a"), (alice.pk, "b")}
    page = await pages(alice)
    cursors = {key: ((await where(key)).epoch, 0) for key in ("gate:a", "gate:b")}
    come, go, join = asyncio.Event(), asyncio.Event(), hub.join

    async def slow(key, *args):
        if key == "gate:a":
            come.set()
            await go.wait()  # a client that reads slowly what it lacks of this one
        return await join(key, *args)

    monkeypatch.setattr(type(hub), "join", lambda hub, *args: slow(*args))
    await page.resume(**cursors)
    await come.wait()
    gate.discard((alice.pk, "b"))
    await in_thread(revoke.person, alice.pk)
    await page.until(lambda frame: frame.get("stream") == "gate:b" and "refused" in frame)
    await write("gate:b", "a secret")
    go.set()
    await page.until(lambda frame: frame.get("stream") == "gate:a" and "resumed" in frame)
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert not [frame for frame in page.frames if frame.get("stream") == "gate:b" and "refused" not in frame]


async def test_a_look_at_the_states(pages, hub, gate, alice, bob, where, monkeypatch):
    gate |= {(alice.pk, "a"), (bob.pk, "a")}
    epoch = (await where("gate:a")).epoch
    witness = await pages(bob)
    await witness.resume(**{"gate:a": (epoch, 0)})
    await witness.until(lambda frame: "state" in frame)  # from here on the tail knows it
    held = Held(monkeypatch, "run_store", state.current_each)
    page = await pages(alice)
    await page.resume(**{"gate:a": (epoch, 0)})
    await held.come.wait()
    gate.discard((alice.pk, "a"))
    await in_thread(revoke.person, alice.pk)
    await page.until(lambda frame: "refused" in frame)
    held.go.set()
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert "a secret state" not in json.dumps(page.frames)


async def test_whom_nobody_can_look_at_does_not_read_on(pages, hub, gate, alice, where):
    gate.add((alice.pk, "a"))
    page = await pages(alice)
    await page.resume(**{"gate:a": ((await where("gate:a")).epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    gate.add("broken")
    await in_thread(revoke.person, alice.pk)
    assert await page.until_closed() == 1000
