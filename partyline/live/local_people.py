"""The people behind one process's sockets, and how the store learns of them: together, in order."""

import asyncio

from . import kinds, pool, presence
from .together import Together

MOST = 10000  # people told to the store at once


class LocalPeople:
    """Which person has which sockets in which stream here; whoever has none any more is gone from here."""

    def __init__(self, hub, process=None):
        self.hub, self.process = hub, process
        self.sockets = {}  # key → {person's id: {socket, …}}
        self.since = ""  # since when the store has forgotten nothing, as far as we know
        self.waits = {}  # key → the timer of the next look
        self.touches, self.looks = Together(self._touch, most=MOST), Together(self._prune, most=MOST)
        self.wanted = set()  # keys of the next look

    async def arrive(self, key, socket):
        """Count the socket's person as here, in a stream that shows who is."""
        kind, _ = kinds.find(key)
        if kind and kind.presence and socket.person.pk:
            self.sockets.setdefault(key, {}).setdefault(socket.person.pk, set()).add(socket)
            await self.touches.of([(key, socket.person.pk)])
            self.look([key])

    async def leave(self, key, socket):
        """Let the person's time here run out after the grace, if this was their last socket."""
        if self._discard(key, socket):
            await self.touches.of([(key, socket.person.pk)])

    def forget(self, socket):
        """Count a socket out without awaiting anything: the person's time runs out unrenewed."""
        for key in socket.streams:
            self._discard(key, socket)

    def _discard(self, key, socket):
        """Tell whether the socket was counted, and was its person's last one in this stream."""
        people = self.sockets.get(key, {})
        sockets = people.get(socket.person.pk if socket.person else None, set())
        if socket not in sockets:
            return False
        sockets.discard(socket)
        if not sockets:
            del people[socket.person.pk]
            if not people:
                del self.sockets[key]
        return not sockets

    async def beat(self, socket, idle):
        """Take what a page says about its person; a person is idle when all their sockets are."""
        changed, socket.idle = idle != socket.idle, idle
        keys = [key for key in socket.streams if socket in self._of(key, socket.person.pk)]
        if changed and keys:
            await self.touches.of([(key, socket.person.pk) for key in keys])
            self.look(keys)

    def _of(self, key, person):
        return self.sockets.get(key, {}).get(person, ())

    async def renew(self):
        """Count everybody as here for a while longer."""
        items = [(key, person) for key, people in self.sockets.items() for person in people]
        if items:
            await self.touches.of(items)

    async def _touch(self, asked):
        here, gone = {}, {}
        # As it is now: who left and came back meanwhile is here.
        for key, person in set().union(*asked):
            if sockets := self._of(key, person):
                here.setdefault(key, {})[person] = all(socket.idle for socket in sockets)
            else:
                gone.setdefault(key, []).append(person)
        self._noted(await pool.run_store(presence.tell, here, gone, self.process, self.since))
        return [None] * len(asked)

    async def prune(self, keys):
        """Look at these streams, and at those that nobody has looked at since their people left."""
        since, unseen = await pool.run_store(presence.unseen, self.since)
        self._noted(since)
        if keys := {*keys, *unseen}:
            await self.looks.of(keys)

    def look(self, keys):
        """Look at these streams soon."""
        if not self.wanted:
            self.hub.spawn(self._look())
        self.wanted.update(keys)

    async def _look(self):
        keys, self.wanted = self.wanted, set()
        await self.looks.of(keys)

    async def _prune(self, asked):
        since, waits = await pool.run_store(presence.prune, list(set().union(*asked)), self.since)
        self._noted(since)
        for key, seconds in waits.items():
            if key not in self.waits:
                self.waits[key] = asyncio.get_running_loop().call_later(seconds, self._again, key)
        return [None] * len(asked)

    def _again(self, key):
        del self.waits[key]
        self.look([key])

    def _noted(self, since):
        """Renew at once where the store has lost what it knew: the others wait for us a moment."""
        known, self.since = self.since, since or self.since
        if known != self.since and known:
            self.hub.spawn(self.renew())
