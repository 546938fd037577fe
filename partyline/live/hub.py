"""The hub: the one object of a ws process that receives notices and hands bytes to its sockets.

It keeps, per stream with local members, a tail; a notice is the next entry (deliver it), an old one
(drop it), or shows a hole (read the log). The heads check finds what a lost notice hid.
"""

import asyncio
import logging
import random
import time
from functools import partial

from django.conf import settings

from . import arrivals, frames, heads, identity, limits, log, metrics, pool, revoke, rounds, state
from .holes import PIECE, Holes
from .local_people import LocalPeople
from .tail import Shown, Tail
from .together import Together

logger = logging.getLogger(__name__)

STATE_SECONDS = 0.25  # between two frames of the same state to the same readers
PATIENCE = 0.1  # seconds after which who comes does not wait for a question that is under way
RESUME_LIMIT = 2000  # a client that lacks more is told to reload that part of its page


class Hub(Holes):
    """Streams with local members, and what keeps them right."""

    def __init__(self):
        super().__init__()
        self.sockets = set()
        self.people = LocalPeople(self)
        self.revocations = 0  # how many have come so far
        self.greetings = Together(lambda sockets: pool.run(arrivals.greet, sockets), PATIENCE)
        self.signed_in = Together(lambda sessions: pool.run(identity.people_of, sessions), PATIENCE)
        self.rights = Together(lambda asked: pool.run(arrivals.may_resume, asked), PATIENCE)
        self.states = Together(lambda keys: pool.run_store(state.current_each, keys), PATIENCE)
        self.departures = Together(lambda leaving: pool.run_store(limits.leave_each, leaving), PATIENCE)

    def start(self):
        """Begin to receive, on the running loop; more calls do nothing."""
        jobs = rounds.renew, rounds.redraw, rounds.balance
        self.run(self._check_heads, *(partial(job, self) for job in jobs))

    # Notices

    def _on_entry(self, notice):
        tail = self.tails.get(notice["key"])
        if tail is None:
            return
        if tail.head is None:
            tail.wanted = max(tail.wanted, notice["seq"])  # looked at when the tail has been read
        elif notice["epoch"] != tail.epoch:
            self.spawn(self._look_at([tail.key]))
        elif self._take(tail, log.Kept(*map(notice.get, log.Kept._fields))):
            self.fanout.then(_measure, notice.get("at"))
        elif notice["seq"] > tail.head:
            self._want(tail, notice["seq"])

    def _on_state(self, notice):
        self.deliver_state(notice["key"], notice["name"], notice["v"], notice["frame"])

    def deliver_state(self, key, name, v, frame):
        """Hand a state to the stream's members, once, and never an older one; tell whether they have it now.

        The first at once, the newest of what follows STATE_SECONDS after the last: however many show it
        however often, a reader gets it 4 times a second at most, and the last one always.
        """
        tail = self.tails.get(key)
        shown = tail and tail.states.setdefault(name, Shown())
        if shown is None or v <= shown.v:
            return False
        shown.v, shown.frame = v, frame
        if shown.timer is None:
            loop = asyncio.get_running_loop()
            wait = shown.sent_at + STATE_SECONDS - loop.time()
            if wait <= 0:
                self._send_state(tail, shown)
                return True
            shown.timer = loop.call_later(wait, self._send_state, tail, shown)
        return False

    def _send_state(self, tail, shown):
        shown.timer, shown.sent_at = None, asyncio.get_running_loop().time()
        self._deliver(tail, shown.frame)
        shown.frame = ""

    def _deliver(self, tail, frame):
        if tail.key == revoke.KEY:
            self._revoke(revoke.whom(frame))
        if tail.members:
            self.fanout.add(tail, frame)

    def _revoke(self, whom):
        """Look again at those whom a revocation concerns; at everybody where that is not known."""
        self.revocations += 1
        for socket in list(self.sockets):
            if not whom or socket.concerned(whom):
                socket.look_again()

    # Joining

    async def _tail_of(self, key):
        """Return the stream's tail, read for the first time if need be."""
        tail = self.tails.get(key)
        if tail is None:
            tail = self.tails[key] = Tail(key)
            tail.loading = asyncio.ensure_future(self._load(tail))
        await asyncio.shield(tail.loading)
        return tail if self.tails.get(key) is tail else await self._tail_of(key)

    async def join(self, key, socket, epoch, seq):
        """Send the socket what it lacks of the stream, then count it as a member, with no crack between.

        1. The tail is subscribed and read. 2. What memory lacks comes from the log, in pieces, each
        awaited until the socket has taken it. 3. The rest comes from memory in the same turn of the
        loop in which the socket becomes a member. Returns how many entries were read from the log.
        """
        read = 0
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
                metrics.RESETS.inc()
                socket.push(frames.reset(key, tail.epoch, tail.head))
                break
            if tail.reaches(seq):
                if socket.is_behind:
                    await socket.drained()
                    continue  # the tail has moved meanwhile
                metrics.RESUMES.labels("log" if read else "nothing" if seq == tail.head else "memory").inc()
                for frame in tail.after(seq):
                    socket.push(frame)
                socket.push(frames.resumed(key, tail.epoch, tail.head))
                break
            entries = await pool.run(log.read, key, seq, min(PIECE, tail.head - seq))
            if not entries or entries[0].seq != seq + 1:
                seq = -1  # trimmed while we read: the log does not reach back
                continue
            for entry in entries:
                socket.push(entry.frame)
                await socket.drained()
            seq = entries[-1].seq
            read += len(entries)
        if socket.dead or key not in socket.streams:
            return read
        self.fanout.flush()  # what it has been sent above is not for it once more
        tail.members.add(socket)
        await self.people.arrive(key, socket)
        for name, v, frame in await self.states.of(key):
            if not self.deliver_state(key, name, v, frame) and key in socket.streams:
                socket.push(frame)
        return read

    async def leave(self, key, socket):
        """Count the socket out of the stream; its tail stays for a while, a reconnect comes soon."""
        if tail := self.tails.get(key):
            tail.members.discard(socket)
        await self.people.leave(key, socket)

    def forget(self, socket):
        """Count a socket out of everything at once, without awaiting anything."""
        self.sockets.discard(socket)
        self.people.forget(socket)
        for tail in self.tails.values():
            tail.members.discard(socket)

    def lost(self, socket):
        """Deliver nothing more to a socket."""
        for key in socket.streams:
            if tail := self.tails.get(key):
                tail.members.discard(socket)

    # What runs by itself

    async def _check_heads(self):
        """Compare all local streams and sessions with the database, in one statement; heal what differs."""
        if revoke.KEY not in self.tails:
            await self._tail_of(revoke.KEY)
            self._revoke({})  # what was revoked before we listened
        await asyncio.sleep(settings.WS_HEADS_SECONDS * random.uniform(0.8, 1.2))
        people = {socket.session: socket.person for socket in self.sockets if socket.person.pk}
        await self._look_at(list(self.tails), people)
        await rounds.check_states(self)
        gone = [key for key, tail in self.tails.items() if not tail.members and tail.head is not None]
        gone = [key for key in gone if key != revoke.KEY]
        for key in gone:
            del self.tails[key]
        self.regroup(gone)

    async def _look_at(self, keys, people=None):
        before = {key: (tail, tail.head) for key in keys if (tail := self.tails.get(key))}
        found, ended = await pool.run(heads.check, keys, people or {})
        for key, (tail, head_before) in before.items():
            if head_before is None or self.tails.get(key) is not tail:
                continue
            epoch, head, oldest = found.get(key, ("", 0, 1))
            if epoch != tail.epoch or head < head_before:  # not tail.head: notices came while we asked
                await self._restart(tail)
            else:
                tail.oldest = oldest
                if head > tail.head:
                    self._want(tail, head)
        for socket in list(self.sockets):
            if socket.session in ended:
                socket.look_again()

    def move(self, within, sockets=None, why="drain"):
        """Ask clients, or all, to open their sockets elsewhere within so many seconds."""
        sockets = list(self.sockets) if sockets is None else sockets
        metrics.MOVES.labels(why).inc(len(sockets))
        for socket in sockets:
            socket.asked_to_move = time.monotonic()
            socket.push(frames.move(within))


def _measure(at):
    if at:  # processes of an earlier release do not say
        metrics.DELAY.observe(max(0, time.time() - at))


hub = Hub()
