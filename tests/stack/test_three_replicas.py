"""Three ws processes: sockets spread over them, everybody hears everybody, and a killed one costs nothing."""

import asyncio
import contextlib
import re

import pytest

from tests.site import until
from tests.stack.gathering import Gathering
from tests.stack.page import dial
from tests.stack.visitor import texts

CROWD = 60
READERS, SPEAKERS, WORDS = 20, 4, 15


async def until_nginx_knows_all(stack, site):
    """nginx asks for the names behind it every two seconds: open sockets until each process has some."""
    async with contextlib.AsyncExitStack() as doors, asyncio.timeout(20):
        while min((await asyncio.to_thread(stack.sockets)).values()) < 2:
            await doors.enter_async_context(dial(site))
    await asyncio.sleep(2.5)  # each process of nginx keeps its own answer for two


async def test_sockets_spread_and_everybody_hears_everybody(three, site, alice, bob):
    await until_nginx_knows_all(three, site)
    room = bob.make_room()
    # Those who wait at nginx for one answer of the resolver all get the address that stands first in it:
    # sixty in one moment may be on as few processes as nginx has.
    gathering = Gathering(site, [alice, bob], room, CROWD, apart=0.03)
    async with gathering as pages:
        moves = sum(page.moves for page in pages)
        shares = await asyncio.to_thread(three.sockets)
        # The processes are counted one after the other, and even out by themselves: who moves may be missed.
        moved = sum(page.moves for page in pages) - moves
        assert len(shares) == 3 and sum(shares.values()) + moved >= CROWD, (shares, moved)
        assert min(shares.values()) >= CROWD / 10, f"not spread: {shares}"
        for page in pages[:6]:
            await page.say(f"from {pages.index(page)}")
        await asyncio.to_thread(bob.say, room, "from the form")
        await gathering.all(lambda page: len(page.entries) >= 7, "all messages are everywhere")
        assert all(page.entries == pages[0].entries for page in pages)
        assert all(page.lives == 1 for page in pages)


@pytest.mark.usefixtures("no_traceback")
async def test_killing_one_of_three_loses_nothing(three, site, alice, bob):
    room = bob.make_room()
    gathering = Gathering(site, [alice, bob], room, READERS)
    async with gathering as pages:
        spoken = asyncio.Semaphore(0)

        async def speak(page, name):
            for number in range(WORDS):
                await page.say(f"{name} {number}")
                spoken.release()
                await asyncio.sleep(0.15)  # below the limit of frames, and long enough to be killed meanwhile

        speakers = [
            asyncio.create_task(speak(page, f"speaker {n}")) for n, page in enumerate(pages[:SPEAKERS])
        ]
        for _ in range(SPEAKERS * 3):
            await spoken.acquire()
        shares = await asyncio.to_thread(three.sockets)
        victim = max(shares, key=shares.get)
        assert shares[victim] > 0
        await asyncio.to_thread(three.kill, victim)
        await asyncio.gather(*speakers)
        await gathering.all(lambda page: len(page.entries) >= SPEAKERS * WORDS, "all messages are everywhere")

        lives = [page.lives for page in pages]
        assert sum(life > 1 for life in lives) >= 1, "nobody was on the one that was killed"
        said = [f"speaker {n} {number}" for n in range(SPEAKERS) for number in range(WORDS)]
        for page in pages:
            heard = texts("".join(page.entries))
            assert sorted(heard) == sorted(said), "every message exactly once"
            ids = [int(id) for id in re.findall(r'id="message-(\d+)"', "".join(page.entries))]
            assert len(set(ids)) == len(said)
            assert page.entries == pages[0].entries, "in one order"
        for n in range(SPEAKERS):
            own = [text for text in texts("".join(pages[0].entries)) if text.startswith(f"speaker {n} ")]
            assert own == [f"speaker {n} {number}" for number in range(WORDS)], "in the order of saying"
    await asyncio.to_thread(three.revive, victim)
    await asyncio.to_thread(
        until, lambda: len(three.replicas()) == 3 and all_healthy(three), "three again", 40, 0.5
    )


def all_healthy(stack):
    return set(stack.health().values()) == {"healthy"}


async def test_scaling_down_moves_everybody(three, site, alice, bob):
    room = bob.make_room()
    gathering = Gathering(site, [alice, bob], room, 6)
    async with gathering as pages:
        await asyncio.to_thread(three.scale, 2)
        await pages[0].say("we are still here")
        await gathering.all(lambda page: len(page.entries) >= 1, "it is everywhere")
        assert all(texts("".join(page.entries)) == ["we are still here"] for page in pages)
