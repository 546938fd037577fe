"""The frames that a socket owes its client: sent in order, within a limit of bytes."""

import asyncio
import logging
from collections import deque

from django.conf import settings

from . import metrics
from .frames import size_of

log = logging.getLogger(__name__)

BATCH_BYTES = 65536  # frames that wait go out together, up to so much


class OwedFrames:
    """The sending half of a consumer: `base_send` waits while the client does not read."""

    dead = False

    def __init__(self):
        self.owed, self.owed_bytes = deque(), 0
        self.writer = self.cut = None  # tasks
        self.room = asyncio.Event()

    def push(self, frame):
        """Owe the client a frame; one that does not read is cut, and resumes later."""
        if self.dead or self.cut:
            return
        self.owed.append(frame)
        self.owed_bytes += size_of(frame)
        if self.owed_bytes > settings.WS_MAX_OWED:
            metrics.CUT.inc()
            log.info("Cut a reader that did not read %d bytes", self.owed_bytes)
            self.cut = asyncio.ensure_future(self.close(1000))
        elif self.writer is None or self.writer.done():
            self.writer = asyncio.ensure_future(self._write())

    async def _write(self):
        """Send what is owed, as arrays where several frames wait; `send` waits for a slow client."""
        try:
            while self.owed:
                batch, size = [], 0
                while self.owed and size < BATCH_BYTES:
                    batch.append(self.owed.popleft())
                    size += size_of(batch[-1])
                text = batch[0] if len(batch) == 1 else f"[{','.join(batch)}]"
                await self.base_send({"type": "websocket.send", "text": text})
                self.owed_bytes -= size
                self.room.set()
        except Exception as error:
            log.debug("A socket went while it was written to: %r", error)
            self.dead = True
        finally:
            self.room.set()

    @property
    def is_behind(self):
        """Tell whether more than half of the limit is owed to this client."""
        return self.owed_bytes > settings.WS_MAX_OWED / 2 and not self.dead

    async def drained(self):
        """Wait until less than half of the limit is owed: a catch-up never makes its client a slow reader."""
        while self.is_behind:
            self.room.clear()
            await self.room.wait()

    async def close(self, code):
        """Send nothing more, and close; codes 44xx tell the client to stay away."""
        if not self.dead:
            self.dead = True
            self.owed.clear()
            self.room.set()
            if self.writer:
                self.writer.cancel()
            await self.base_send({"type": "websocket.close", "code": code})
