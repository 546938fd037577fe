"""Frames straight to a WebSocket's connection, past the server's layers: the ASGI extension `websocket.raw`.

A server offers it as `scope["extensions"]["websocket.raw"]`, an object per socket, so that an application
that sends the same to many sockets encodes it once (frames.encode); one that finds none uses `send()`.
docs/decisions/raw-writes.md says which rules it keeps.
"""

from autobahn.websocket.protocol import WebSocketProtocol
from twisted.internet.interfaces import IPushProducer
from twisted.internet.tcp import Connection
from zope.interface import implementer

OPEN = WebSocketProtocol.STATE_OPEN
GONE = -1


def offer(protocol):
    """Return {name: extension} of what this connection of Daphne's can do; nothing where it is TLS."""
    transport = protocol.transport
    if not isinstance(transport, Connection) or transport.TLS:
        return {}
    _let_go_of_http(transport)
    protocol.raw = RawSocket(protocol)
    return {"websocket.raw": protocol.raw}


@implementer(IPushProducer)
class RawSocket:
    """Writes encoded frames to one connection; `reader` is told `on_drained()` and `on_lost()`."""

    __slots__ = ("protocol", "reader", "send", "transport")

    def __init__(self, protocol):
        self.protocol, self.transport, self.reader = protocol, protocol.transport, None
        self.send = (
            self.transport.socket.send
        )  # never the bare number: another connection may have it by then
        self.transport.registerProducer(self, True)

    def write(self, data):
        """Write whole frames; return how many bytes wait for the client, or GONE: it takes no more.

        What the kernel does not take now, for whatever reason, Twisted gets: it sends the rest in order, or
        finds the connection lost. So does everything as long as something waits there.
        """
        if self.protocol.state != OPEN:  # nothing may follow a close frame
            return GONE
        transport = self.transport
        if not transport._tempDataLen and not transport.dataBuffer:
            try:
                sent = self.send(data)
            except OSError:
                sent = 0
            if sent == len(data):
                return 0
            data = data[sent:]
        transport.write(data)
        return self.owed

    @property
    def owed(self):
        """Return the bytes that wait for the client in this process."""
        return owed(self.transport)

    def lost(self):
        """Tell the reader, once, in the call in which the connection ends."""
        self.protocol.raw, reader, self.reader = None, self.reader, None
        if reader:
            reader.on_lost()

    def resumeProducing(self):
        """Tell the reader that the client has taken all; Twisted calls this after a pause."""
        if self.reader:
            self.reader.on_drained()

    def pauseProducing(self):
        """Do nothing: the reader looks at what write() returns."""

    def stopProducing(self):
        """Do nothing: Daphne tells of the end."""


def _let_go_of_http(transport):
    """Free what served the upgrade's request: it would stay, as the producer and as a cycle."""
    channel = transport.producer
    transport.unregisterProducer()
    if channel:
        transport.reactor.callLater(0, channel.requests.clear)


def owed(transport):
    """Return the bytes that Twisted holds back for a connection (no public name exists)."""
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen
