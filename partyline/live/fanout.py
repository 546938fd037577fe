"""What arrives for many sockets in one turn of the loop, encoded once and handed to each in one write."""

import asyncio
import logging

from . import frames, metrics

log = logging.getLogger(__name__)


class Fanout:
    """Gathers frames for the members of streams; nothing waits longer than until the loop's next turn."""

    def __init__(self):
        self.waiting = {}  # tail → its frames
        self.bytes = 0
        self.early = 0  # how often there was too much to wait for the end of the turn
        self.callbacks = []
        self.timer = None

    def add(self, tail, frame):
        """Hand the frame to all who are the tail's members at the end of this turn."""
        self.waiting.setdefault(tail, []).append(frame)
        self.bytes += len(frame)
        if self.bytes > frames.BATCH_BYTES:
            self.early += 1
            self.flush()
        else:
            self._schedule()

    def then(self, callback, *args):
        """Call this when all that was added so far has been handed over."""
        self.callbacks.append((callback, args))
        self._schedule()

    def _schedule(self):
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_soon(self.flush)

    def flush(self):
        """Hand everything over now: before somebody leaves, or joins, a stream that has frames waiting."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
        waiting, self.waiting, self.bytes = self.waiting, {}, 0
        batches = [(tail.members, frames.Batch(found)) for tail, found in waiting.items() if tail.members]
        if len(batches) > 1:
            batches = _by_socket(batches)
        for sockets, batch in batches:
            metrics.DELIVERIES.inc(len(sockets) * len(batch.frames))
            for socket in sockets:
                try:
                    socket.deliver(batch)
                except Exception:  # the others go on; this one comes back and reads what it lacks
                    log.exception("A socket could not be written to")
                    socket.cut = asyncio.ensure_future(socket.close(1000))
        callbacks, self.callbacks = self.callbacks, []
        for callback, args in callbacks:  # behind the writers that were started just now
            asyncio.get_running_loop().call_soon(callback, *args)


def _by_socket(batches):
    """Return the batches anew, where somebody reads several of the streams: what is for them as one."""
    if sum(len(sockets) for sockets, _ in batches) == len(set().union(*(sockets for sockets, _ in batches))):
        return batches
    found, groups = {}, {}
    for sockets, batch in batches:
        for socket in sockets:
            found.setdefault(socket, []).append(batch)
    for socket, each in found.items():
        groups.setdefault(tuple(each), []).append(socket)
    return [(sockets, frames.Batch(sum((b.frames for b in each), []))) for each, sockets in groups.items()]
