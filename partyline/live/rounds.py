"""What a hub does by itself every few seconds, jittered: presence, states drawn by the clock."""

import asyncio
import logging
import random
import time

from django.conf import settings

from . import kinds, limits, pool, processes, state

log = logging.getLogger(__name__)

RENEW_SECONDS = 10
REDRAW_SECONDS = 2
MOVE_WITHIN = 10.0  # seconds over which those who are asked to move do so
MOVES_PER_SECOND = 50
ASKED_AGAIN = 30  # seconds after which one that stayed may be asked again


async def check_states(hub):
    """Send the states whose notice was lost; one round trip for all local streams, and none is forgotten."""
    keys = [key for key, tail in hub.tails.items() if tail.members]
    if keys:
        for key, name, v, frame in await pool.run_store(state.check, keys):
            hub.deliver_state(key, name, v, frame)


async def renew(hub):
    """Count this process's people as here, and their sockets as open, for a while longer."""
    await hub.people.renew()
    await pool.run_store(limits.renew, list(hub.sockets))
    await asyncio.sleep(RENEW_SECONDS * random.uniform(0.8, 1.2))


async def redraw(hub):
    """See who has come and gone, and draw anew what is drawn by the clock."""
    found = [(key, tail, kind) for key, tail in hub.tails.items() if (kind := kinds.find(key)[0])]
    await hub.people.prune(key for key, _, kind in found if kind.presence)
    random.shuffle(found)  # what the database does not answer ends the round: not always before the same
    for key, tail, kind in found:
        for name in kind.clock if tail.members else ():
            for drawn in await pool.run_store(state.redraw_in_turn, key, name):
                hub.deliver_state(key, *drawn)
    await asyncio.sleep(REDRAW_SECONDS * random.uniform(0.8, 1.2))


async def balance(hub):
    """Shed what this process holds over its part, so that one that has just come gets its share.

    nginx sends the moved ones to any process, this one too: a few rounds bring it about.
    """
    if not settings.WS_BALANCE_SECONDS:
        await asyncio.Event().wait()
    await asyncio.sleep(settings.WS_BALANCE_SECONDS * random.uniform(0.8, 1.2))
    found = await pool.run_store(processes.processes, "ws")
    others = [each.numbers["sockets"] for each in found if each.takes and each.name != processes.own_name()]
    now = time.monotonic()
    settled = [socket for socket in hub.sockets if now - socket.asked_to_move > ASKED_AGAIN]
    if excess := over(len(settled), others):
        log.info("Moving %d of %d sockets to %d other processes", excess, len(hub.sockets), len(others))
        hub.move(MOVE_WITHIN, random.sample(settled, excess), why="balance")


def over(mine, others):
    """Return how many sockets to shed: what is over the mean, if it is worth it; not too many at once."""
    mean = (mine + sum(others)) / (1 + len(others))
    excess = max(0, int(mine - mean))
    worth = others and mine - min(others) > max(5, mean / 10)
    return min(excess, int(MOVES_PER_SECOND * MOVE_WITHIN)) if worth else 0
