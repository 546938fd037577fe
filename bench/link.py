"""One WebSocket without a task of its own: what comes is handed on at once, so that hundreds cost little."""

import asyncio
import contextlib

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

OPEN = 10.0  # seconds for the connection and the handshake
GOODBYE = 5.0  # and for the end, after a close frame


class Link(asyncio.Protocol):
    """A socket of `owner`: its opened(link), heard(link, text) and lost(link, close code) are called."""

    def __init__(self, owner, site, cookie):
        self.owner, self.site, self.cookie = owner, site, cookie
        self.protocol = ClientProtocol(parse_uri(site.socket_url), origin=site.origin, max_size=None)
        self.transport, self.pieces = None, []
        self.was_open = self.ended = False
        self.live, self.greeted, self.owed = False, False, set()  # its owner's notes on it
        self.leaving, self.asked, self.silence = 0, 0.0, None
        loop = asyncio.get_running_loop()
        self.limit = loop.call_later(OPEN, self.abort)
        self.task = loop.create_task(self._connect(loop))

    async def _connect(self, loop):
        try:
            await loop.create_connection(lambda: self, self.site.host, self.site.port, ssl=self.site.tls)
        except OSError:
            self._end(1006)

    def connection_made(self, transport):
        self.transport = transport
        if self.ended:
            transport.abort()
            return
        request = self.protocol.connect()
        if self.cookie:
            request.headers["Cookie"] = self.cookie
        self.protocol.send_request(request)
        self._flush()

    def data_received(self, data):
        with contextlib.suppress(WebSocketException):
            self.protocol.receive_data(data)
        for event in self.protocol.events_received():
            if self.ended:
                break
            if isinstance(event, Response):
                if self.protocol.handshake_exc is None:
                    self._opened()
            elif event.opcode in (Opcode.TEXT, Opcode.CONT):
                self.pieces.append(event.data)
                if event.fin:
                    text, self.pieces = b"".join(map(bytes, self.pieces)), []
                    self.owner.heard(self, text)
        self._flush()

    @property
    def open(self):
        return self.was_open and not self.ended and self.protocol.state is State.OPEN

    def _opened(self):
        self.was_open = True
        self.limit.cancel()
        self.owner.opened(self)

    def eof_received(self):
        with contextlib.suppress(WebSocketException):
            self.protocol.receive_eof()
        self._flush()

    def connection_lost(self, error):
        code = self.protocol.close_code if self.was_open else None
        self._end(code or 1006)

    def send(self, text):
        """Send a text frame; nothing happens on a socket that is going."""
        if self.open:
            self.protocol.send_text(text.encode())
            self._flush()

    def close(self):
        """Say goodbye; its owner hears no more of it."""
        was_open, self.ended = self.open, True
        self.limit.cancel()
        if not was_open:
            self.abort()
            return
        self.protocol.send_close(1000)
        self._flush()
        asyncio.get_running_loop().call_later(GOODBYE, self.abort)

    def abort(self):
        """Drop the connection, or the try to make one."""
        if self.transport:
            self.transport.abort()
        else:
            self.task.cancel()
            self._end(1006)

    def _flush(self):
        for data in self.protocol.data_to_send():
            if data:
                self.transport.write(data)
            else:
                self.transport.close()

    def _end(self, code):
        self.limit.cancel()
        if not self.ended:
            self.ended = True
            self.owner.lost(self, code)
