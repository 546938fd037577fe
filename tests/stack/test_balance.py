"""A new ws process gets its share of the sockets that are open already, and nobody is cut for it."""

import asyncio

import pytest

from tests.stack.gathering import Gathering

pytestmark = pytest.mark.usefixtures("may_restart", "no_traceback")
CROWD = 60
ROUNDS = 150  # seconds: several times what the few rounds take that it needs


async def test_new_processes_get_load(one, site, alice, bob):
    room = bob.make_room()
    gathering = Gathering(site, [alice, bob], room, CROWD)
    async with gathering as pages:
        await asyncio.to_thread(one.scale, 3)
        try:
            async with asyncio.timeout(ROUNDS):
                while min(shares := (await asyncio.to_thread(one.sockets)).values()) < CROWD / 6:
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise AssertionError(f"not spread within {ROUNDS} s: {list(shares)}") from None
        assert sum(page.moves for page in pages) >= CROWD / 3
        assert all(page.lives == 1 for page in pages), "nobody was cut"
        await pages[0].say("still together")
        await gathering.all(lambda page: len(page.entries) == 1, "it is everywhere")
