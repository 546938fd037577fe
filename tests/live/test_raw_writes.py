"""Frames that are written past the server's layers arrive whole and in order, or not at all."""

import contextlib
import json
import os
import socket
from types import SimpleNamespace

import pytest
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.error import ConnectionDone
from twisted.internet.main import CONNECTION_LOST
from twisted.internet.tcp import Server as Connection
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from partyline.live import frames, raw
from partyline.live.server import DrainingServer
from tests.site import until

HELLO = frames.encode(["hello"])


class Reactor:
    """As much of a reactor as a connection asks; the test does the rest by hand."""

    def __init__(self):
        self.writers, self.calls = set(), []

    def addWriter(self, writer):
        self.writers.add(writer)

    def removeWriter(self, writer):
        self.writers.discard(writer)

    def addReader(self, reader):
        pass

    removeReader = addReader

    def callLater(self, seconds, function, *args):
        self.calls.append((function, args))


class Reader:
    drained = lost = 0

    def on_drained(self):
        self.drained += 1

    def on_lost(self):
        self.lost += 1


class Protocol:
    state = raw.OPEN

    def connectionLost(self, reason):
        pass


class Wire:
    """A connection of Twisted's over TCP, and its client's end."""

    def __init__(self, protocol):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        self.client.setblocking(False)
        for end in (self.client, server):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, 20000)
        self.transport = Connection(server, protocol, self.client.getsockname(), None, 1, Reactor())
        self.protocol, protocol.transport = protocol, self.transport

    def offer(self):
        self.raw = raw.offer(self.protocol)["websocket.raw"]
        self.raw.reader = self.reader = Reader()
        return self

    def read(self):
        try:
            return self.client.recv(1 << 20)
        except BlockingIOError:
            return b""

    def read_all(self, size):
        """Return so many bytes, with the reactor doing its part."""
        found = b""

        def goes_on():
            nonlocal found
            found += self.read()
            if self.transport in self.transport.reactor.writers:
                self.ended = self.transport.doWrite()
            return len(found) >= size

        until(goes_on, f"{size} bytes have come")
        return found

    def fill(self):
        """Write until the kernel takes no more; return what was written."""
        written = b""
        while not self.raw.owed:
            written += (data := frames.encode([str(len(written)) * 1000]))
            self.raw.write(data)
        return written

    def close(self):
        self.client.close()
        if hasattr(self.transport, "socket"):
            self.transport.socket.close()


@pytest.fixture
def wire():
    wire = Wire(Protocol()).offer()
    yield wire
    wire.close()


def test_it_works(wire):
    assert wire.raw.write(HELLO) == 0
    until(lambda: wire.read() == HELLO, "it has come, though no reactor runs")
    assert not wire.transport.reactor.writers


@pytest.mark.parametrize("size", [1, 125, 126, 127, 65535, 65536, 200_000])
def test_a_frame_is_that_of_the_rfc(size):
    data = frames.encode(["x" * size])
    lengths = {125: data[1:2], 65535: data[2:4]}
    length = lengths.get(next((most for most in lengths if size <= most), 0), data[2:10])
    header = 1 + len(length) + (size > 125)
    assert data[0] == 0x81 and int.from_bytes(length, "big") == size and data[header:] == b"x" * size


def test_what_the_kernel_takes_in_part_goes_on_in_order(wire):
    big = frames.encode(["b" * 1_000_000])
    assert 0 < wire.raw.write(big) < len(big)
    assert wire.raw.write(HELLO) == wire.raw.owed
    assert wire.read_all(len(big) + len(HELLO)) == big + HELLO
    assert wire.raw.owed == 0 and wire.reader.drained == 1


def test_a_connection_that_would_block_keeps_all_of_it(wire):
    filled = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            filled += wire.transport.socket.send(b"z" * 1000)
    assert wire.raw.write(HELLO) == len(HELLO)
    assert wire.read_all(filled + len(HELLO)) == b"z" * filled + HELLO


def test_a_slow_client_is_owed_in_order_and_so_are_the_next(wire):
    written = wire.fill()
    for number in range(100):
        written += (data := frames.encode([f"later {number}"]))
        assert wire.raw.write(data) > 0
    assert wire.read_all(len(written)) == written
    assert wire.raw.write(HELLO) == 0  # and then the short way again
    assert wire.read_all(len(HELLO)) == HELLO


@pytest.mark.parametrize("state", [0, 1, 2, 4])
def test_only_an_open_socket_is_written_to(wire, state):
    wire.protocol.state = state
    assert (wire.raw.write(HELLO) == raw.GONE) == (state != raw.OPEN)
    assert wire.raw.owed == 0


def test_tls_is_never_written_past(wire):
    wire.transport.TLS = True
    assert raw.offer(wire.protocol) == {}
    wrapped = SimpleNamespace(transport=TLSMemoryBIOProtocol(SimpleNamespace(_tlsProxy=None), None, False))
    assert raw.offer(wrapped) == {}


def test_a_broken_connection_is_lost_as_usual(wire):
    wire.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
    wire.client.close()
    until(lambda: wire.raw.write(HELLO), "the write fails, and raises nothing")
    assert wire.transport in wire.transport.reactor.writers
    assert wire.transport.doWrite() is CONNECTION_LOST


def test_another_connection_with_the_same_number_gets_nothing(wire):
    number = wire.transport.fileno()
    wire.transport.connectionLost(Failure(ConnectionDone()))
    ends = socket.socketpair()
    if number not in (end.fileno() for end in ends):
        os.dup2(ends[0].fileno(), number)
    wire.raw.write(HELLO)  # although the protocol still says OPEN
    for end in ends:
        with pytest.raises(BlockingIOError):
            end.recv(100, socket.MSG_DONTWAIT)
    for end in ends:
        end.close()


def test_the_end_is_told_once(wire):
    wire.raw.lost()
    wire.raw.lost()
    assert wire.reader.lost == 1


async def test_our_server_offers_it_and_tells_of_the_end():
    wire, scopes = Wire(Protocol()), []

    async def application(scope, receive, send):
        scopes.append(scope)

    server = DrainingServer(application, endpoints=["unix:"])
    server.connections = {wire.protocol: {}}
    server.create_application(wire.protocol, {"type": "websocket"})
    await server.connections[wire.protocol]["application_instance"]
    offered = scopes[0]["extensions"]["websocket.raw"]
    offered.reader = Reader()
    assert offered.write(HELLO) == 0
    reader = offered.reader
    server.protocol_disconnected(wire.protocol)
    assert reader.lost == 1
    wire.close()


# With Daphne's own protocol


@pytest.fixture
def upgraded():
    """A wire whose protocol is Daphne's, after the handshake."""
    server = SimpleNamespace(
        protocol_connected=lambda protocol: None,
        protocol_disconnected=lambda protocol: None,
        log_action=lambda *args: None,
        create_application=lambda protocol, scope: SimpleNamespace(put_nowait=lambda message: None),
        root_path="",
        proxy_forwarded_address_header=None,
    )
    protocol = WebSocketFactory(server, server="").buildProtocol(None)
    wire = Wire(protocol)
    protocol._raw_query_string = b""
    protocol.makeConnection(wire.transport)
    names = "Host: x|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13"
    lines = ["GET /ws/ HTTP/1.1", *names.split("|"), "Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA=="]
    protocol.dataReceived("\r\n".join([*lines, "", ""]).encode())
    wire.offer()
    assert wire.raw.write(HELLO) == raw.GONE  # not accepted yet
    protocol.handle_reply({"type": "websocket.accept"})
    assert b" 101 " in wire.read_all(100)
    yield wire
    wire.close()


def test_its_own_frames_and_ours_are_one_order(upgraded):
    wire, protocol = upgraded, upgraded.protocol
    wire.raw.write(HELLO)
    protocol.sendPing(b"one")
    wire.raw.write(HELLO)
    protocol.handle_reply({"type": "websocket.send", "text": "sent"})
    wire.raw.write(HELLO)
    expected = HELLO + b"\x89\x03one" + HELLO + b"\x81\x04sent" + HELLO
    assert wire.read_all(len(expected)) == expected


def test_a_frame_of_ours_is_byte_for_byte_daphnes(upgraded):
    for size in (1, 125, 126, 65535, 65536):
        text = "ä" * (size // 2) + "x" * (size % 2)
        upgraded.protocol.handle_reply({"type": "websocket.send", "text": text})
        assert upgraded.read_all(size + 2) == frames.encode([text])


def test_nothing_follows_a_close_frame(upgraded):
    wire = upgraded
    written = wire.fill()
    wire.protocol.sendClose(1000)
    assert wire.raw.write(HELLO) == raw.GONE
    assert wire.read_all(len(written) + 4) == written + b"\x88\x02\x03\xe8"


def test_nothing_follows_the_clients_close_frame(upgraded):
    upgraded.protocol.dataReceived(b"\x88\x82\0\0\0\0\x03\xe8")
    assert upgraded.raw.write(HELLO) == raw.GONE
    assert upgraded.read_all(4) == b"\x88\x02\x03\xe8" and isinstance(upgraded.ended, ConnectionDone)


def test_a_dropped_connection_is_written_no_more(upgraded):
    upgraded.protocol.dropConnection(abort=True)
    assert upgraded.raw.write(json.dumps({}).encode()) == raw.GONE
