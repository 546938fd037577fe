"""Wake-ups between processes: a hint that there is work, never the work itself; it may be lost."""

import asyncio
import logging

from channels.layers import get_channel_layer

from . import notices

log = logging.getLogger(__name__)

RETRY_SECONDS = 2


def send(name):
    """Wake whoever listens to `name`; call it after COMMIT."""
    notices.send(f"wake.{name}", {"type": "wake"})


def listen(name, callback):
    """Call `callback()` on every wake-up, on another thread; it must not block. Never raises."""
    asyncio.run_coroutine_threadsafe(_listen(f"wake.{name}", callback), notices.sender().loop)


async def _listen(group, callback):
    layer = get_channel_layer()
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(group, channel)
            while True:
                await layer.receive(channel)
                callback()
        except Exception as error:
            log.warning("No wake-ups on %s for now: %r", group, error)
            await asyncio.sleep(RETRY_SECONDS)
