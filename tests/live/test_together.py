"""Questions that come while one is under way are asked together, and nobody waits for a slow one for ever."""

import asyncio

import pytest
from django.db import OperationalError

from partyline.live.together import Together, each


class Asked(list):
    """What was asked, a list of items each time; while `.open` is not set, the first waits for its answer."""

    def __init__(self):
        self.open = asyncio.Event()

    async def __call__(self, items):
        self.append(items)
        if len(self) == 1:
            await self.open.wait()
        return each(answer, items)


def answer(item):
    if item == "bad":
        raise ValueError(item)
    if item == "away":
        raise OperationalError
    return f"{item}!"


@pytest.fixture
async def asked():
    return Asked()


async def all_of(together, *items):
    asking = [asyncio.ensure_future(together.of(item)) for item in items]
    await asyncio.sleep(0)
    return asking


async def test_it_works(asked):
    asked.open.set()
    together = Together(asked)
    assert await asyncio.gather(*await all_of(together, "a", "b", "c")) == ["a!", "b!", "c!"]
    assert await together.of("a") == "a!"
    assert asked == [["a", "b", "c"], ["a"]]  # nothing is kept


async def test_what_comes_meanwhile_is_asked_afterwards(asked):
    together = Together(asked)
    first = await all_of(together, "a")
    await asyncio.sleep(0)
    rest = await all_of(together, "a", "b")
    assert asked == [["a"]]
    asked.open.set()
    assert await asyncio.gather(*first, *rest) == ["a!", "a!", "b!"]
    assert asked == [["a"], ["a", "b"]]


async def test_not_more_than_so_many_at_once(asked):
    asked.open.set()
    await asyncio.gather(*await all_of(Together(asked, most=2), *"abcde"))
    assert asked == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_slow_one_holds_up_nobody_for_long(asked):
    together = Together(asked, patience=0.01)
    slow = await all_of(together, "a")
    await asyncio.sleep(0)
    assert await together.of("b") == "b!"
    assert not slow[0].done()
    asked.open.set()
    assert await slow[0] == "a!"


async def test_a_mistake_is_told_to_whom_it_concerns(asked):
    asked.open.set()
    good, bad, better = await all_of(Together(asked), "a", "bad", "b")
    assert (await good, await better) == ("a!", "b!")
    with pytest.raises(ValueError):
        await bad


async def test_that_the_database_is_away_is_told_to_all(asked):
    asked.open.set()
    together = Together(asked)
    for asking in await all_of(together, "a", "away"):
        with pytest.raises(OperationalError):
            await asking
    assert await together.of("a") == "a!"


async def test_who_has_gone_meanwhile_needs_no_answer(asked):
    together = Together(asked)
    gone, stays = await all_of(together, "a", "b")
    await asyncio.sleep(0)
    gone.cancel()
    asked.open.set()
    assert await stays == "b!"
