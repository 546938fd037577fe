"""One page's socket: its frames in, its frames out; everything shared is the hub's."""

import asyncio
import logging
import time
from concurrent.futures import CancelledError, Future
from contextlib import suppress

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError

from partyline import health, request_id

from . import frames, identity, kinds, limits, metrics, pool
from .hub import hub
from .kinds import Refused
from .owed import OwedFrames
from .parse import parse, parse_cursors

log = logging.getLogger(__name__)

MAX_STREAMS = 50  # per socket
BURST = 4  # seconds' worth of frames that may come at once
ENTRIES_PER_FRAME = 100  # so many entries read from the log for a resume cost as much as a frame
UNAVAILABLE = Refused("unavailable", "Not sent: the database does not answer just now. Retrying.")
ERROR = Refused("error", "Something went wrong here. It was not done.")


class LiveConsumer(OwedFrames, AsyncConsumer):
    """Checks what comes in, runs the products' handlers, and joins the hub's streams."""

    session = address = ""
    person = None
    idle = False  # what the page last said about its person
    looking = False  # whether a second look at this socket is under way
    asked_to_move = float("-inf")  # time.monotonic()

    def __init__(self):
        super().__init__()
        self.streams = set()
        self.tokens, self.filled_at = settings.WS_FRAMES_PER_SECOND * BURST, time.monotonic()

    async def __call__(self, scope, receive, send):
        """Serve the socket; even one that is cancelled (a drain, a hung frame) leaves nothing behind."""
        self.scope, self.base_send = scope, send
        self.raw = scope.get("extensions", {}).get("websocket.raw")
        if self.raw:
            self.raw.reader = self
        try:
            while True:  # Channels' own loop makes two more tasks, for a channel that no socket has
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            if self.raw:
                self.raw.reader = None
            self.dead = True
            self.on_drained()
            if self.writer:
                self.writer.cancel()
            hub.forget(self)

    async def dispatch(self, message):
        """Call the method of the message's type, without Channels' thread hop per message."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    async def websocket_connect(self, message):
        """Take the socket if its Origin is ours; a person whose session ended reads as anybody.

        Where too many come from one address it is refused before it is taken: a browser comes back later.
        """
        if not identity.origin_allowed(self.scope):
            metrics.REFUSED.labels("origin").inc()
            log.info("Refused a socket of Origin %r", identity.header(self.scope, b"origin")[:200])
            await self.base_send({"type": "websocket.close"})
            return
        self.session = identity.session_key(self.scope)
        self.address = limits.address_of((self.scope.get("client") or [""])[0])
        self.scope["headers"] = ()  # they would be kept as long as the socket
        revocations = hub.revocations
        try:
            self.person, may_enter = await hub.greetings.of(self)
        except Refused:
            metrics.REFUSED.labels("address").inc()
            log.info("Refused a socket, too much comes from %s", self.address)
            await self.base_send({"type": "websocket.close"})
            return
        except DatabaseError as error:
            metrics.REFUSED.labels("database").inc()
            log.warning("Refused a socket, the database does not answer: %r", error)
            await self.base_send({"type": "websocket.close"})  # the client comes back
            return
        if not may_enter:
            metrics.REFUSED.labels("person").inc()
            log.info("Refused a socket, person %s has too many", self.person.pk)
            await self.base_send({"type": "websocket.accept"})  # or the browser would not learn the code
            await self.close(4429)
            return
        hub.start()
        hub.sockets.add(self)
        if hub.revocations != revocations:  # it did not concern us yet
            self.look_again()
        await self.base_send({"type": "websocket.accept"})
        if health.draining:  # the signal came while the handshake was under way
            self.push(frames.move(round(settings.WS_DRAIN_SECONDS * 0.3, 3)))

    async def websocket_disconnect(self, message):
        """Give everything back; what renews this process's sockets must not take this one up again."""
        self.dead = True
        hub.sockets.discard(self)
        self.on_drained()
        for key in list(self.streams):
            try:
                await hub.leave(key, self)
            except Exception:
                log.exception("Leaving %s", key)
        if self.person is not None and self.person.pk:
            await hub.departures.of((self.person.pk, self))
        raise StopConsumer

    def on_lost(self):
        """Leave all rooms in the call in which the connection ends; the rest comes behind its last frames."""
        hub.lost(self)
        self.on_drained()

    # Frames in

    async def websocket_receive(self, message):
        """Handle one frame; whatever it holds, the answer is a frame, and the socket lives on."""
        if self.dead:
            return
        request_id.new()
        if not self._within_rate():
            await self.close(4429)
            return
        text = message.get("text")
        client_id = ""
        try:
            frame = parse(text)
            client_id = frame.get("client_id") if isinstance(frame.get("client_id"), str) else ""
            if len(text.encode()) > settings.WS_MAX_FRAME:
                raise Refused("too_long", "This is too long to send.")
            await self._handle(frame)
        except Refused as refused:
            self._answer(client_id, refused)
        except (OperationalError, InterfaceError) as error:
            log.warning("A frame could not be handled: %r", error)
            await self._failed(client_id, UNAVAILABLE)
        except Exception:
            log.exception("A frame could not be handled")
            await self._failed(client_id, ERROR)

    async def _failed(self, client_id, refused):
        """Answer; where a resume may be half done, close instead: the client comes back with its cursors."""
        if client_id:
            self._answer(client_id, refused)
        else:
            await self.close(1000)

    def _answer(self, client_id, refused):
        if client_id:
            self.push(frames.failed(client_id[:36], refused.code, refused.message))
        else:
            self.push(frames.error(refused.code, refused.message))

    def _within_rate(self):
        now = time.monotonic()
        rate = settings.WS_FRAMES_PER_SECOND
        self.tokens = min(rate * BURST, self.tokens + (now - self.filled_at) * rate) - 1
        self.filled_at = now
        return self.tokens >= 0

    def _charge(self, entries):
        """Let a resume cost what it took; never more than half a burst, which an honest page always has."""
        self.tokens -= min(entries / ENTRIES_PER_FRAME, settings.WS_FRAMES_PER_SECOND * BURST / 2)

    async def _handle(self, frame):
        if frame["type"] == "beat" or "idle" in frame:
            await hub.people.beat(self, frame.get("idle") is True)
        if frame["type"] == "resume":
            await self._resume(frame.get("streams"))
        elif frame["type"] == "leave":
            await self._leave(frame.get("streams"))
        elif frame["type"] != "beat":
            await self._act(frame)

    async def _resume(self, streams):
        cursors = parse_cursors(streams)
        if len(self.streams | cursors.keys()) > MAX_STREAMS:
            raise Refused("bad_frame", f"One page may show {MAX_STREAMS} streams at the most.")
        revocations = hub.revocations
        try:
            allowed = await hub.rights.of((self.person, self.address, list(cursors)))
        except Refused:
            await self.close(1000)  # too much comes from its address: it comes back, later and later
            return
        self.streams |= allowed  # all at once: from here on a revocation concerns us
        if hub.revocations != revocations:  # one that came meanwhile did not
            self.look_again()
        read = 0
        for key, (epoch, seq) in cursors.items():
            if key not in allowed:
                await self._refuse(key)
            elif key in self.streams:  # else it was taken back while we joined the others
                read += await hub.join(key, self, epoch, seq)
        self._charge(read)

    async def _leave(self, streams):
        if not isinstance(streams, list):
            raise Refused("bad_frame", "leave needs a list of streams.")
        for key in [key for key in streams if isinstance(key, str) and key in self.streams]:
            self.streams.discard(key)
            await hub.leave(key, self)

    async def _refuse(self, key):
        self.push(frames.refused(key))
        if key in self.streams:
            self.streams.discard(key)
            await hub.leave(key, self)

    async def _act(self, frame):
        """Let the product's handler do it: text fields only, so that a form can check them.

        It may return a Future: then it is done when that says so, and the next frame need not wait.
        """
        kind, id = kinds.find(frame.get("stream"))
        handler = kind and kind.handlers.get(frame["type"])
        if handler is None:
            raise Refused("bad_frame", "Nothing of this name can be done here.")
        fields = {name: value for name, value in frame.items() if isinstance(value, str)}
        done = await pool.run(act, handler, self.person, self.address, id, fields)
        client_id = fields.get("client_id", "")
        if isinstance(done, Future):
            self._when_settled(done, client_id)
        elif client_id:
            self.push(frames.done(client_id))

    def _when_settled(self, future, client_id):
        """Answer on this loop when the Future is settled, on whatever thread; no task waits for it."""
        loop = asyncio.get_running_loop()

        def tell(future):
            with suppress(RuntimeError):  # the loop is closed: the process is going
                loop.call_soon_threadsafe(self._settled, future, client_id)

        future.add_done_callback(tell)

    def _settled(self, future, client_id):
        """Say how it ended; who made it fail has logged why."""
        error = CancelledError() if future.cancelled() else future.exception()
        if error is not None:
            self._answer(client_id, refusal(error))
        elif client_id:
            self.push(frames.done(client_id))

    # Revocation

    def concerned(self, whom):
        """Tell whether a revocation (revoke.whom) means this socket."""
        return (
            whom.get("session") == self.session != ""
            or whom.get("person", 0) == (self.person.pk or "")
            or whom.get("stream") in self.streams
        )

    def look_again(self):
        """Ask the database who this is and what they may see, and act on it; once for several reasons."""
        if not self.looking:
            self.looking = True
            hub.spawn(self._look_again())

    async def _look_again(self):
        try:
            self.looking = False  # what comes from here on needs another look
            person = await hub.signed_in.of(self.session)
            if person.pk != self.person.pk:
                await self.close(4403 if await pool.run(identity.is_banned, self.person) else 4401)
                return
            self.person = person
            asked = set(self.streams)
            allowed = await hub.rights.of((person, "", list(asked)))
        except Exception as error:  # a product's too: who cannot be looked at may not read on
            log.warning("A socket could not be looked at again: %r", error)
            await self.close(1000)  # it comes back, and is asked who it is
            return
        for key in asked - allowed:
            await self._refuse(key)


def act(handler, person, address, id, fields):
    """Return what the handler does, if that is not too fast."""
    limits.check(person.pk, address)
    return handler(person, id, fields)


def refusal(error):
    """Return what the page is told of an error."""
    if isinstance(error, Refused):
        return error
    return UNAVAILABLE if isinstance(error, OperationalError | InterfaceError) else ERROR
