"""What a hub does by itself every few seconds, jittered: presence, states drawn by the clock."""

import asyncio
import random

from . import kinds, limits, pool, state

RENEW_SECONDS = 10
REDRAW_SECONDS = 2


async def check_states(hub):
    """Send the states whose notice was lost; one round trip for all local streams."""
    keys = [key for key, tail in hub.tails.items() if tail.members]
    if keys:
        for key, name, v, frame in await pool.run_store(state.all_of, keys):
            hub.deliver_state(key, name, v, frame)


async def renew(hub):
    """Count this process's people as here, and their sockets as open, for a while longer."""
    await hub.people.renew()
    await pool.run_store(limits.renew, list(hub.sockets))
    await asyncio.sleep(RENEW_SECONDS * random.uniform(0.8, 1.2))


async def redraw(hub):
    """See who has come and gone, and draw anew what is drawn by the clock."""
    found = [(key, kind) for key in hub.tails if (kind := kinds.find(key)[0])]
    await hub.people.prune(key for key, kind in found if kind.presence)
    for key, kind in found:
        for name in kind.states if kind.by_the_clock else ():
            await pool.run_store(state.redraw, key, name)
    await asyncio.sleep(REDRAW_SECONDS * random.uniform(0.8, 1.2))
