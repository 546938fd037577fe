"""The frames that a socket owes its client: sent in order, within a limit of bytes."""

import asyncio
import logging

from django.conf import settings

from . import frames, metrics

log = logging.getLogger(__name__)


class OwedFrames:
    """The sending half of a consumer: straight to the connection where the server offers `websocket.raw`.

    Else `base_send` does it, which may wait while the client does not read.
    """

    dead = False
    raw = None  # the server's extension
    writer = cut = room = None  # tasks, and an event for who waits until there is room
    waiting_bytes = 0  # of frames that the server has not taken yet

    def __init__(self):
        self.owed = []

    def push(self, frame):
        """Owe the client a frame; one that does not read is cut, and resumes later."""
        if self.dead or self.cut:
            return
        self.owed.append(frame)
        self.waiting_bytes += frames.size_of(frame)
        self._limit()
        if self.raw:
            if len(self.owed) == 1:
                asyncio.get_running_loop().call_soon(self._flush)
        elif not self.cut and (self.writer is None or self.writer.done()):
            self.writer = asyncio.ensure_future(self._write())

    def deliver(self, batch):
        """Owe the client what many are sent (a frames.Batch); behind what waits for it already."""
        if self.raw is None or self.owed:
            for frame in batch.frames:
                self.push(frame)
        elif not (self.dead or self.cut) and (waits := self.raw.write(batch.data)):
            self._written(waits)

    def _flush(self):
        """Write what has come in this turn of the loop."""
        if self.owed:
            found, self.owed, self.waiting_bytes = self.owed, [], 0
            self._written(self.raw.write(frames.encode(found)))

    def _written(self, waits):
        if waits < 0:
            log.debug("A socket went while it was written to")
            self.dead = True
        else:
            self._limit()
        self.on_drained()

    def _limit(self):
        if self.owed_bytes > settings.WS_MAX_OWED and not self.cut:
            metrics.CUT.inc()
            log.info("Cut a reader that did not read %d bytes", self.owed_bytes)
            self.cut = asyncio.ensure_future(self.close(1000))

    async def _write(self):
        """Send what is owed, as arrays where several frames wait; `send` waits for a slow client."""
        try:
            while self.owed:
                found, self.owed = self.owed, []
                for text, size in frames.messages(found):
                    await self.base_send({"type": "websocket.send", "text": text})
                    self.waiting_bytes -= size
                    self.on_drained()
        except Exception as error:
            log.debug("A socket went while it was written to: %r", error)
            self.dead = True
        finally:
            self.on_drained()

    @property
    def owed_bytes(self):
        """Return the bytes that wait for the client in this process."""
        return self.waiting_bytes + (self.raw.owed if self.raw else 0)

    @property
    def is_behind(self):
        """Tell whether more than half of the limit is owed to this client."""
        return self.owed_bytes > settings.WS_MAX_OWED / 2 and not self.dead

    def on_drained(self):
        """Let those who wait for room look whether there is some."""
        if self.room:
            self.room.set()

    async def drained(self):
        """Wait until less than half of the limit is owed: a catch-up never makes its client a slow reader."""
        while self.is_behind:
            if self.room is None:
                self.room = asyncio.Event()
            self.room.clear()
            await self.room.wait()

    async def close(self, code):
        """Send nothing more, and close; codes 44xx tell the client to stay away."""
        if not self.dead:
            self.dead = True
            self.owed.clear()
            self.on_drained()
            if self.writer:
                self.writer.cancel()
            await self.base_send({"type": "websocket.close", "code": code})
