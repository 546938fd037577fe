"""The hub: the one object of a ws process that receives notices and hands bytes to its sockets.

It keeps, per stream with local members, a tail; a notice is the next entry (deliver it), an old one
(drop it), or shows a hole (read the log). The heads check finds what a lost notice hid.
"""

import asyncio
import logging
import random
from functools import partial

from django.conf import settings

from . import frames, kinds, log, pool, presence, rounds, state
from .receiver import Receiver
from .tail import KEEP_ENTRIES, Tail

logger = logging.getLogger(__name__)

PIECE = 100  # entries read from the log at a time
RESUME_LIMIT = 2000  # a client that lacks more is told to reload that part of its page
PACE_SECONDS = 1


class Hub(Receiver):
    """Streams with local members, and what keeps them right."""

    def __init__(self):
        super().__init__()
        self.sockets = set()
        self.revocations = 0  # how many have come so far

    def start(self):
        """Begin to receive, on the running loop; more calls do nothing."""
        self.run(self._check_heads, partial(rounds.renew, self), partial(rounds.redraw, self))

    # Notices

    def _on_entry(self, notice):
        tail = self.tails.get(notice["key"])
        if tail is None:
            return
        if tail.head is None:
            tail.wanted = max(tail.wanted, notice["seq"])  # looked at when the tail has been read
        elif notice["epoch"] != tail.epoch:
            self.spawn(self._look_at([tail.key]))
        elif tail.append(notice["seq"], notice["frame"]):
            self._deliver(tail, notice["frame"])
        elif notice["seq"] > tail.head:
            self._want(tail, notice["seq"])

    def _on_state(self, notice):
        self.deliver_state(notice["key"], notice["name"], notice["v"], notice["frame"])

    def deliver_state(self, key, name, v, frame):
        """Hand a state to the stream's members, once, and never an older one; tell whether it was new."""
        tail = self.tails.get(key)
        if tail is None or v <= tail.versions.get(name, 0):
            return False
        tail.versions[name] = v
        self._deliver(tail, frame)
        return True

    def _on_revoked(self, notice):
        self.revocations += 1
        for socket in list(self.sockets):
            if socket.concerned(notice):
                socket.look_again()

    def _deliver(self, tail, frame):
        for socket in tail.members:
            socket.push(frame)

    # Holes

    def _want(self, tail, seq):
        """Read the log until the tail stands at `seq` or further."""
        tail.wanted = max(tail.wanted, seq)
        if tail.filling is None or tail.filling.done():
            tail.filling = self.spawn(self._fill(tail))

    async def _fill(self, tail):
        while tail.head < tail.wanted and self.tails.get(tail.key) is tail:
            try:
                entries = await pool.run(log.read, tail.key, tail.head, PIECE)
            except Exception as error:
                logger.warning("The log of %s cannot be read now: %r", tail.key, error)
                await asyncio.sleep(1)
                continue
            before = tail.head  # notices may have moved it on while we read
            for seq, frame in entries:
                if tail.append(seq, frame):
                    self._deliver(tail, frame)
                    await self._pace(tail)
            if tail.head == before and tail.head < tail.wanted:
                await self._restart(tail)
                return

    async def _pace(self, tail):
        """Let the members read what a hole brings; a slow one goes on alone, at its own pace."""
        slow = {asyncio.ensure_future(s.drained()): s for s in tail.members if s.is_behind}
        if slow:
            _, pending = await asyncio.wait(slow, timeout=PACE_SECONDS)
            for wait in pending:
                wait.cancel()
                tail.members.discard(slow[wait])
                self.spawn(self._catch_up(tail.key, slow[wait], tail.epoch, tail.head))

    async def _catch_up(self, key, socket, epoch, seq):
        try:
            await socket.drained()
            await self.join(key, socket, epoch, seq)
        except Exception:
            await socket.close(1000)  # nobody's member any more: it comes back with its cursor
            raise

    async def _restart(self, tail):
        """Stand anew where the log stands, and tell every member to reload: it cannot be continued."""
        tail.start(*await pool.run(_last_entries, tail.key))
        tail.wanted = 0
        self._deliver(tail, frames.reset(tail.key, tail.epoch, tail.head))

    # Joining

    async def _tail_of(self, key):
        """Return the stream's tail: the group is joined before the log is read, nothing falls between."""
        tail = self.tails.get(key)
        if tail is None:
            tail = self.tails[key] = Tail(key)
            tail.loading = asyncio.ensure_future(self._load(tail))
        await asyncio.shield(tail.loading)
        return tail if self.tails.get(key) is tail else await self._tail_of(key)

    async def _load(self, tail):
        try:
            await self._join_groups([tail.key])
            tail.start(*await pool.run(_last_entries, tail.key))
        except BaseException:
            self.tails.pop(tail.key, None)
            raise
        if tail.wanted > tail.head:
            self._want(tail, tail.wanted)

    async def join(self, key, socket, epoch, seq):
        """Send the socket what it lacks of the stream, then count it as a member, with no crack between.

        1. The tail is subscribed and read. 2. What memory lacks comes from the log, in pieces, each
        awaited until the socket has taken it. 3. The rest comes from memory in the same turn of the
        loop in which the socket becomes a member.
        """
        tail = await self._tail_of(key)
        tail.members.discard(socket)
        if not epoch and not seq:
            epoch, seq = tail.epoch, tail.head
        if epoch != tail.epoch or seq > tail.head:
            await self._look_at([key])  # this process may be the one that is behind
            if tail.filling and not tail.filling.done():
                await asyncio.shield(tail.filling)
        while not socket.dead and key in socket.streams:
            tail = await self._tail_of(key)
            if (
                epoch != tail.epoch
                or seq > tail.head
                or tail.head - seq > RESUME_LIMIT
                or seq < tail.oldest - 1
            ):
                socket.push(frames.reset(key, tail.epoch, tail.head))
                break
            if tail.reaches(seq):
                if socket.is_behind:
                    await socket.drained()
                    continue  # the tail has moved meanwhile
                for frame in tail.after(seq):
                    socket.push(frame)
                socket.push(frames.resumed(key, tail.epoch, tail.head))
                break
            entries = await pool.run(log.read, key, seq, PIECE)
            if not entries or entries[0][0] != seq + 1:
                seq = -1  # trimmed while we read: the log does not reach back
                continue
            for _, frame in entries:
                socket.push(frame)
                await socket.drained()
            seq = entries[-1][0]
        if socket.dead or key not in socket.streams:
            return
        tail.members.add(socket)
        kind, _ = kinds.find(key)
        if kind.presence and socket.person.pk:
            await pool.run_store(presence.arrive, key, socket.person.pk)
        for name, v, frame in await pool.run_store(state.current, key):
            if not self.deliver_state(key, name, v, frame):
                socket.push(frame)

    async def leave(self, key, socket):
        """Count the socket out of the stream; its tail stays for a while, a reconnect comes soon."""
        tail = self.tails.get(key)
        if tail is None or socket not in tail.members:
            return
        tail.members.discard(socket)
        kind, _ = kinds.find(key)
        person = socket.person.pk
        if kind.presence and person and all(member.person.pk != person for member in tail.members):
            await pool.run_store(presence.leave, key, person)
            if any(member.person.pk == person for member in tail.members):  # back already
                await pool.run_store(presence.touch, key, [person])

    def forget(self, socket):
        """Count a socket out of everything at once, without awaiting anything."""
        self.sockets.discard(socket)
        for tail in self.tails.values():
            tail.members.discard(socket)

    # What runs by itself

    async def _check_heads(self):
        """Compare the heads of all local streams with the database, in one query; heal what differs."""
        await asyncio.sleep(settings.WS_HEADS_SECONDS * random.uniform(0.8, 1.2))
        if self.tails:
            await self._look_at(list(self.tails))
        await rounds.check_people(self)
        await rounds.check_states(self)
        for key, tail in list(self.tails.items()):
            if not tail.members and tail.head is not None:
                del self.tails[key]
                await self._leave_group(key)
        await self._join_groups(list(self.tails))  # a layer that forgets its groups is told again

    async def _look_at(self, keys):
        before = {key: (tail, tail.head) for key in keys if (tail := self.tails.get(key))}
        heads = await pool.run(log.heads, keys)
        for key, (tail, head_before) in before.items():
            if head_before is None or self.tails.get(key) is not tail:
                continue
            epoch, head, oldest = heads.get(key, ("", 0, 1))
            if epoch != tail.epoch or head < head_before:  # not tail.head: notices came while we asked
                await self._restart(tail)
            else:
                tail.oldest = oldest
                if head > tail.head:
                    self._want(tail, head)

    def move(self, within):
        """Ask every client to open its socket elsewhere."""
        for socket in list(self.sockets):
            socket.push(frames.move(within))


def _last_entries(key):
    """Return (epoch, head, oldest, [(seq, frame)]) of the stream's end."""
    log.position(key)  # makes a stream that is not there yet
    epoch, head, oldest = log.heads([key])[key]
    entries = log.read(key, max(head - KEEP_ENTRIES, 0), KEEP_ENTRIES)
    return epoch, head, oldest, [entry for entry in entries if entry[0] <= head]


hub = Hub()
