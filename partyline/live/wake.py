"""Messages to worker processes: hints that something is to be done, never the work itself; they may be lost.

The form is that of Channels' `runworker`: a consumer listens on a named channel, and a message's `type` names
its method. Every process that listens gets every message.
"""

import asyncio
import logging

from channels.consumer import get_handler_name
from channels.layers import get_channel_layer

from . import notices

log = logging.getLogger(__name__)

RETRY_SECONDS = 2


def send(channel, type, **fields):
    """Send a message to whoever listens on the channel; call it after COMMIT. Never waits, never raises."""
    notices.send(_group(channel), {"type": type, **fields})


class Consumer:
    """A listener on `channel`: {"type": "job.ready"} calls its method job_ready(message).

    Methods are ordinary functions. They run on another thread, which serves all messages of the process, so
    they must not block.
    """

    channel = ""

    def listen(self):
        """Begin to listen, whenever the channel layer is there; return a future whose cancel() ends it."""
        return asyncio.run_coroutine_threadsafe(self._listen(), notices.sender().loop)

    async def _listen(self):
        layer = get_channel_layer()
        while True:
            try:
                name = await layer.new_channel()
                await layer.group_add(_group(self.channel), name)
                while True:
                    self._dispatch(await layer.receive(name))
            except Exception as error:
                log.warning("No messages on %s for now: %r", self.channel, error)
                await asyncio.sleep(RETRY_SECONDS)

    def _dispatch(self, message):
        try:
            method = getattr(self, get_handler_name(message), None)
            if method is None:
                log.debug("Nothing is done for %s: of another release?", message)
            else:
                method(message)
        except Exception:
            log.exception("A message on %s did no good: %s", self.channel, message)


def _group(channel):
    return f"wake.{channel}"
