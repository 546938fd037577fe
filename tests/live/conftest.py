"""Pages that speak the protocol to the real consumer and hub, inside this process."""

import asyncio
import json

import pytest
from channels.layers import channel_layers
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from partyline.live import hub as hub_module
from partyline.live import notices
from partyline.live.kinds import Kind, Refused, _kinds, register
from partyline.live.log import position, publish
from partyline.routing import websocket

WAIT = 20  # seconds: a limit for conditions, not a measure


class Page:
    """One page's socket; `frames` is all that it was sent, arrays taken apart."""

    def __init__(self, cookie="", origin="http://testserver", host="testserver", path="/ws/live/"):
        headers = [(b"host", host.encode()), (b"cookie", cookie.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        self.socket = WebsocketCommunicator(websocket, path, headers=headers)
        self.frames, self.closed = [], None

    async def open(self):
        connected, code = await self.socket.connect(timeout=WAIT)
        return connected

    async def send(self, **frame):
        await self.socket.send_to(text_data=json.dumps(frame))

    async def send_text(self, text):
        await self.socket.send_to(text_data=text)

    async def resume(self, **cursors):
        await self.send(type="resume", streams={k: {"epoch": e, "seq": s} for k, (e, s) in cursors.items()})

    async def until(self, condition):
        """Take frames until one fulfils the condition, and return that one."""
        seen = 0
        while True:
            for frame in self.frames[seen:]:
                if condition(frame):
                    return frame
            seen = len(self.frames)
            await self.take()

    async def take(self):
        message = await self.socket.receive_output(timeout=WAIT)
        if message["type"] == "websocket.close":
            self.closed = message.get("code")
            raise ConnectionError(f"closed with {self.closed}")
        found = json.loads(message["text"])
        self.frames += found if isinstance(found, list) else [found]

    async def until_closed(self):
        try:
            while True:
                await self.take()
        except ConnectionError:
            return self.closed

    def seqs(self, key):
        return [frame["seq"] for frame in self.frames if frame.get("stream") == key and "seq" in frame]


async def in_thread(function, *args):
    """Await a function that uses the database, and leave no connection of its thread open."""

    def call():
        try:
            return function(*args)
        finally:
            connection.close()

    return await asyncio.to_thread(call)


@pytest.fixture
async def pages(transactional_db, wall):
    """Return a function that opens a page for a person (None: nobody); a fresh hub serves it."""
    channel_layers.backends.clear()
    old, hub_module.hub.__dict__ = hub_module.hub.__dict__, hub_module.Hub().__dict__
    opened = []

    async def open_page(person=None, **options):
        if person is not None:
            client = Client()
            await in_thread(client.force_login, person)
            options["cookie"] = f"{settings.SESSION_COOKIE_NAME}={client.cookies['sessionid'].value}"
        page = Page(**options)
        page.accepted = await page.open()
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        if not page.socket.future.cancelled():
            await page.socket.disconnect(timeout=WAIT)
    await hub_module.hub.stop()
    hub_module.hub.__dict__ = old
    channel_layers.backends.clear()
    notices._sender = None


@pytest.fixture
def hub(pages):
    return hub_module.hub


@pytest.fixture
def wall():
    """Register a kind of stream for the tests: `wall:open` is everybody's, `wall:closed` nobody's."""

    def say(person, id, fields):
        if not fields.get("text"):
            raise Refused("empty", "There is nothing in this.")
        with transaction.atomic():
            publish(f"wall:{id}", fields["text"], client_id=fields.get("client_id", ""))

    def crash(person, id, fields):
        raise RuntimeError("a handler's mistake")

    handlers = {"say": say, "crash": crash}
    register(Kind("wall", may_see=lambda person, id: id == "open", handlers=handlers))
    yield "wall:open"
    del _kinds["wall"]


@pytest.fixture
def write():
    """Return a coroutine function that publishes texts on a stream, each in a transaction of its own."""

    def publish_all(key, texts):
        for text in texts:
            with transaction.atomic():
                publish(key, text)

    async def write(key, *texts):
        await in_thread(publish_all, key, texts)

    return write


@pytest.fixture
def where():
    """Return a coroutine function that gives a stream's position."""

    async def where(key):
        return await in_thread(position, key)

    return where
