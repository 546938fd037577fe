"""The half of the hub that reads the log: for what a lost notice hid, and for what a tail had to forget."""

import asyncio
import logging

from . import frames, log, metrics, pool
from .receiver import Receiver
from .tail import KEEP_ENTRIES

logger = logging.getLogger(__name__)

PIECE = 100  # entries read from the log at a time
PACE_SECONDS = 1


class Holes(Receiver):
    """Brings tails up to where their streams stand; what is new goes through `_take`."""

    def _want(self, tail, seq):
        """Read the log until the tail stands at `seq` or further."""
        tail.wanted = max(tail.wanted, seq)
        if tail.filling is None or tail.filling.done():
            metrics.HOLES.inc()
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
            for entry in entries:
                if self._take(tail, entry):
                    await self._pace(tail)
            if tail.head == before and tail.head < tail.wanted:
                await self._restart(tail)
                return

    def _take(self, tail, entry):
        """Append the entry if it is the next one, and deliver it; tell whether it was."""
        cuts = tail.cuts
        if not tail.append(entry):
            return False
        metrics.ENTRIES.inc()
        self._deliver(tail, entry.frame)
        if tail.cuts != cuts and (tail.refilling is None or tail.refilling.done()):
            tail.refilling = self.spawn(self._refill(tail))
        return True

    async def _pace(self, tail):
        """Let the members read what a hole brings; a slow one goes on alone, at its own pace."""
        slow = {asyncio.ensure_future(s.drained()): s for s in tail.members if s.is_behind}
        if slow:
            _, pending = await asyncio.wait(slow, timeout=PACE_SECONDS)
            self.fanout.flush()  # they go on from the tail's head
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

    async def _refill(self, tail):
        """Read again what an amendment made the tail forget, as the log has it now: reconnects ask for it."""
        cuts = None
        while cuts != tail.cuts:  # what was read before an amendment may be out of date
            cuts, after = tail.cuts, max(tail.first - 1 - KEEP_ENTRIES, 0)
            entries = await pool.run(log.read, tail.key, after, KEEP_ENTRIES)
        tail.extend_back(entries)

    async def _restart(self, tail):
        """Stand anew where the log stands, and tell every member to reload: it cannot be continued."""
        tail.wanted = 0
        tail.start(*await pool.run(_last_entries, tail.key))
        metrics.RESETS.inc(len(tail.members))
        self._deliver(tail, frames.reset(tail.key, tail.epoch, tail.head))

    async def _load(self, tail):
        """Read a tail for the first time; its group is joined before that, so that nothing falls between."""
        try:
            await self._join_groups([tail.key])
            await pool.run(log.position, tail.key)  # makes a stream that is not there yet
            tail.start(*await pool.run(_last_entries, tail.key))
        except BaseException:
            self.tails.pop(tail.key, None)
            raise
        if tail.wanted > tail.head:
            self._want(tail, tail.wanted)


def _last_entries(key):
    """Return (epoch, head, oldest, [log.Kept]) of the stream's end."""
    epoch, head, oldest = log.heads([key]).get(key, ("", 0, 1))  # nothing is left of one that is gone
    entries = log.read(key, max(head - KEEP_ENTRIES, 0), KEEP_ENTRIES)
    return epoch, head, oldest, [entry for entry in entries if entry.seq <= head]
