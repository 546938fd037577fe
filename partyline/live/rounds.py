"""What a hub does by itself every few seconds, jittered: sessions, presence, states drawn by the clock."""

import asyncio
import random

from . import identity, kinds, pool, presence, state

RENEW_SECONDS = 10
REDRAW_SECONDS = 2


async def check_people(hub):
    """Ask the database whose session has ended, for all local sockets at once."""
    people = {socket.session: socket.person for socket in hub.sockets if socket.person.pk}
    if people:
        ended = await pool.run(identity.ended, people)
        for socket in list(hub.sockets):
            if socket.session in ended:
                socket.look_again()


async def check_states(hub):
    """Send the states whose notice was lost; one round trip for all local streams."""
    keys = [key for key, tail in hub.tails.items() if tail.members]
    if keys:
        for key, name, v, frame in await pool.run_store(state.all_of, keys):
            hub.deliver_state(key, name, v, frame)


def people_here(hub):
    """Return {key: people's ids} of the local sockets in streams that show who is here."""
    here = {}
    for key, tail in hub.tails.items():
        kind, _ = kinds.find(key)
        if kind.presence:
            here[key] = {socket.person.pk for socket in tail.members if socket.person.pk}
    return here


async def renew(hub):
    """Count this process's people as here for a while longer."""
    for key, people in people_here(hub).items():
        if people:
            await pool.run_store(presence.touch, key, people)
    await asyncio.sleep(RENEW_SECONDS * random.uniform(0.8, 1.2))


async def redraw(hub):
    """Drop whose time is over, and draw anew what is drawn by the clock."""
    for key in list(hub.tails):
        kind, _ = kinds.find(key)
        if kind.presence:
            await pool.run_store(presence.prune, key)
        for name in kind.states if kind.by_the_clock else ():
            await pool.run_store(state.redraw, key, name)
    await asyncio.sleep(REDRAW_SECONDS * random.uniform(0.8, 1.2))
