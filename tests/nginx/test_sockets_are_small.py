"""An open socket costs nginx little, and whatever a browser sends still fits through."""

import json
import socket

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bench.lab import cpu

MOST = 14_000  # bytes of an open socket; docs/decisions/idle-sockets-are-small.md
BROWSER = {
    "Origin": "https://partyline.example",
    "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Cookie": f"sessionid={'s' * 32}; csrftoken={'c' * 32}",
    "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
}


@pytest.fixture
def door(front):
    found = front(NGINX_WORKERS="1")
    found.start_ws()
    return found


def handshake(door):
    """Open a socket as a browser does, take the first frame, and leave it open."""
    lines = [f"{name}: {value}" for name, value in BROWSER.items()]
    lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
    head = "\r\n".join([f"GET /ws/live/ HTTP/1.1\r\nHost: 127.0.0.1:{door.port}", *lines])
    found = socket.create_connection(("127.0.0.1", door.port), timeout=10)
    found.sendall(f"{head}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
    taken = b""
    while b'"}' not in taken:
        taken += found.recv(65536)
    found.sendall(b"\x81\x80\0\0\0\0")  # an empty frame: what comes from a client has a buffer, too
    return found


def test_an_open_socket_costs_little(door):
    pid = door.started[0].pid
    opened = [handshake(door) for _ in range(100)]  # what the first ones have it load is nobody's
    before = cpu.memory(pid)
    opened += [handshake(door) for _ in range(400)]
    assert (cpu.memory(pid) - before) / 400 < MOST
    for each in opened:
        each.close()


@pytest.mark.parametrize("size", [100, 2000, 4000, 7900])
def test_cookies_may_be_long(door, size):
    cookie = "sessionid=" + "s" * size
    with connect(f"ws://127.0.0.1:{door.port}/ws/live/", additional_headers={"Cookie": cookie}) as opened:
        headers = {name.lower(): value for name, value in json.loads(opened.recv(timeout=5)).items()}
    assert headers["cookie"] == cookie


def test_so_may_all_headers_together(door):
    headers = {f"X-Long-{number}": "x" * 6000 for number in range(3)}
    with connect(f"ws://127.0.0.1:{door.port}/ws/live/", additional_headers=headers) as opened:
        assert opened.recv(timeout=5).count("x" * 6000) == 3


def test_longer_ones_are_refused(door):
    with pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{door.port}/ws/live/", additional_headers={"Cookie": "c" * 9000})
    assert refused.value.response.status_code == 400
