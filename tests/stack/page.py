"""Pages that speak the protocol over a real socket: one that shows every frame, one that is always there."""

import asyncio
import json
import random
import uuid

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

LIMIT = 20  # seconds that a test waits for a frame


def dial(site, visitor=None, origin="", path="", **headers):
    """Return a connection to the site's socket: an awaitable, and an async context manager."""
    origin = site.origin if origin == "" else origin
    if visitor and visitor.cookies:
        headers["Cookie"] = visitor.cookie
    return connect(
        site.socket_url.replace("/ws/live/", path or "/ws/live/"),
        additional_headers={name.replace("_", "-"): value for name, value in headers.items()},
        origin=origin,
        ssl=site.tls,
        proxy=None,
        max_size=None,
        open_timeout=LIMIT,
        close_timeout=5,
    )


def frames_of(text):
    """Return the frames of one message: an object, or an array of them."""
    found = json.loads(text)
    return found if isinstance(found, list) else [found]


class Page:
    """One socket; `frames` is all that it was sent."""

    def __init__(self, socket):
        self.socket, self.frames = socket, []

    async def send(self, **frame):
        await self.socket.send(json.dumps(frame))

    async def resume(self, key, epoch="", seq=0):
        """Begin with a stream and return the answer to that."""
        await self.send(type="resume", streams={key: {"epoch": epoch, "seq": seq}})
        answers = ("resumed", "reset", "refused")
        return await self.until(lambda f: f.get("stream") == key and any(name in f for name in answers))

    async def say(self, key, text):
        """Say something and return what became of it."""
        client_id = str(uuid.uuid4())
        await self.send(type="say", stream=key, client_id=client_id, text=text)
        return await self.until(lambda f: client_id in (f.get("done"), f.get("failed")))

    async def until(self, condition):
        """Take frames until one fulfils the condition; return that one."""
        seen = 0
        async with asyncio.timeout(LIMIT):
            while True:
                for frame in self.frames[seen:]:
                    if condition(frame):
                        return frame
                seen = len(self.frames)
                self.frames += frames_of(await self.socket.recv())


class SteadyPage:
    """A page as the protocol wants it: comes back, asks for what it misses, resends what is not done.

    It moves without a gap: `lives` counts how often it came from nowhere, `moves` how often from a socket.
    """

    def __init__(self, site, visitor, key):
        self.site, self.visitor, self.key = site, visitor, key
        self.epoch, self.seq, self.entries = "", 0, []
        self.unsent, self.lives, self.moves = {}, 0, 0
        self.socket = self.newest = self.follower = None  # the live one; the last one opened; who moves it
        self.leaving, self.left, self.closing = {}, None, set()  # asked to go; the last that does; given up

    @property
    def live(self):
        return self.socket is not None

    async def run(self):
        """Be there until cancelled."""
        try:
            while True:
                self.lives += 1
                await self.stay()
                while self.live:
                    await self.follower
                if self.follower:
                    self.follower.cancel()
                await asyncio.sleep(random.uniform(0.05, 0.5))  # the protocol's jitter, shortened
        finally:
            if self.follower:
                self.follower.cancel()

    async def stay(self):
        """Open a socket and be on it until it ends."""
        socket = None
        try:
            async with dial(self.site, self.visitor) as socket:
                self.newest = socket
                await self.ask(socket)
                async for text in socket:
                    for frame in frames_of(text):
                        await self.take(frame, socket)
        except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
            pass
        finally:
            if socket and socket is self.socket:
                self.socket = None

    async def ask(self, socket):
        cursor = {"epoch": self.epoch, "seq": self.seq}
        await socket.send(json.dumps({"type": "resume", "streams": {self.key: cursor}}))

    async def take(self, frame, socket):
        assert "reset" not in frame and "failed" not in frame, frame
        if "move" in frame:
            self.leaving[socket] = frame["move"]["within"]
            self.leave(socket)
        elif "resumed" in frame:
            if not self.epoch:
                self.epoch, self.seq = frame["resumed"]["epoch"], frame["resumed"]["head"]
            if socket is self.newest:
                self.take_over(socket)
            for text in list(self.unsent.values()):
                await socket.send(text)
        elif "done" in frame:
            self.unsent.pop(frame["done"], None)
        elif "seq" in frame and frame["seq"] == self.seq + 1:
            self.seq += 1
            self.entries.append(frame["html"])
        elif "seq" in frame and frame["seq"] > self.seq:
            await self.ask(socket)

    def take_over(self, socket):
        """Make this the page's socket; the one before it, which was live until now, may go."""
        before, self.socket = self.socket, socket
        if before not in (None, socket):
            self.moves += 1
            closing = asyncio.create_task(before.close())
            self.closing.add(closing)
            closing.add_done_callback(self.closing.discard)
        self.leave(socket)

    def leave(self, socket):
        """Move, where its process asked for it, for one reason or two; not before the socket is live."""
        if socket is self.socket and socket in self.leaving and socket is not self.left:
            self.left = socket
            self.follower = asyncio.create_task(self.follow(socket, self.leaving.pop(socket)))

    async def follow(self, socket, within):
        """Open the next socket at a random moment; while that fails, keep the old one."""
        while self.socket is socket:
            await asyncio.sleep(random.uniform(0, within))
            if self.socket is socket:
                await self.stay()

    async def say(self, text):
        """Say something, however often the socket dies meanwhile; returns when it is committed."""
        client_id = str(uuid.uuid4())
        frame = {"type": "say", "stream": self.key, "client_id": client_id, "text": text}
        self.unsent[client_id] = json.dumps(frame)
        if self.live:
            try:
                await self.socket.send(self.unsent[client_id])
            except ConnectionClosed:
                pass
        while client_id in self.unsent:
            await asyncio.sleep(0.01)
