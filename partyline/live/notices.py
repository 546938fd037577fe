"""Send notices through the channel layer, from any thread of any process, without ever waiting for it.

All sends of a process happen on one event loop with one connection: the server's own loop where
sockets are served, else a thread of ours. Losing a notice loses nothing: the heads check heals it.
"""

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import deque

from channels.layers import get_channel_layer

from partyline.metrics import UNANSWERED

log = logging.getLogger(__name__)

SEND_SECONDS = 2  # one send may take so long
MAX_WAITING = 2000  # notices; above it the oldest are dropped
FLUSH_SECONDS = 1  # a process that ends waits so long for its last notices


class Sender:
    """The one sender of a process: a queue, the loop that it is sent on, and the task that sends."""

    def __init__(self, loop=None):
        self.pid = os.getpid()
        self.waiting = deque(maxlen=MAX_WAITING)
        self.task = None
        self.idle = threading.Event()
        self.idle.set()
        self.is_away = False  # whether the last send failed
        self.loop = loop or self._thread()

    def _thread(self):
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="notices", daemon=True).start()
        return loop

    def send(self, group, message):
        self.idle.clear()
        self.waiting.append((group, message))
        self.loop.call_soon_threadsafe(self._start)

    def _start(self):
        if self.task is None or self.task.done():
            self.task = self.loop.create_task(self._send_all())

    async def _send_all(self):
        layer = get_channel_layer()
        while self.waiting:
            group, message = self.waiting.popleft()
            try:
                await asyncio.wait_for(layer.group_send(group, message), SEND_SECONDS)
                self.is_away = False
            except Exception as error:  # whatever a channel layer may raise
                UNANSWERED.labels("redis").inc()
                level = logging.DEBUG if self.is_away else logging.WARNING  # the first of many says enough
                log.log(level, "Notices are not sent now, the heads check heals it: %s %r", group, error)
                self.is_away = True
        self.idle.set()


_sender = None
_lock = threading.Lock()


def sender():
    """Return this process's sender; a forked child gets its own."""
    global _sender
    with _lock:
        if _sender is None or _sender.pid != os.getpid():
            _sender = Sender()
        return _sender


def use_loop(loop):
    """Send on this loop from now on: the one that serves this process's sockets."""
    global _sender
    with _lock:
        if _sender is None or _sender.loop is not loop or _sender.pid != os.getpid():
            _sender = Sender(loop)


def send(group, message):
    """Hand a message for a group to the sender; never waits, never raises."""
    try:
        sender().send(group, message)
    except RuntimeError as error:  # the loop is closed: the process is going
        log.warning("Notice to %s was not sent: %s", group, error)


def group_of(key):
    """Return the channel layer's group of a stream; most layers refuse ':' in a name."""
    return "live." + key.replace(":", ".")


def entry(key, epoch, kept):
    """Tell every hub that the stream has this entry (log.Kept), and when that was (seconds since 1970)."""
    send(group_of(key), {"type": "entry", "key": key, "epoch": epoch, "at": time.time(), **kept._asdict()})


def state(key, name, v, frame):
    """Tell every hub that a state of the stream has changed."""
    send(group_of(key), {"type": "state", "key": key, "name": name, "v": v, "frame": frame})


@atexit.register
def flush():
    """Give the last notices of an ending process a moment."""
    if _sender is not None and _sender.pid == os.getpid() and _sender.loop.is_running():
        _sender.idle.wait(FLUSH_SECONDS)
