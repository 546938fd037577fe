"""Fetching a feed ends: after so many seconds and bytes, whatever the server does."""

import contextlib
import gzip
import socket
import threading
import tracemalloc

import pytest

from partyline.commentary import fetch as fetching
from partyline.commentary.fetch import MOST, fetch
from partyline.commentary.public import CannotFetch

from .conftest import answer


def drip(web, first, again, pause=0.02):
    """Return an answer that begins so and goes on so, until nobody reads or the test is over."""

    def page(connection):
        connection.sendall(first)
        while not web.stopped.wait(pause):
            connection.sendall(again)

    return page


def flood(web, first, again):
    return drip(web, first, again * (65536 // len(again)), pause=0)


@pytest.fixture
def short(monkeypatch):
    """Seconds that a test can wait for."""
    monkeypatch.setattr(fetching, "WHOLE_SECONDS", 1)


SLOW = {
    "status": (b"HTTP/1.1 20", b"0"),
    "headers": (b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
    "more headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "body": (answer(b"x" * 1000)[:-1000], b"y"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    "to be continued": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("first, again", SLOW.values(), ids=SLOW.keys())
def test_a_byte_now_and_then(web, short, first, again):
    """Each byte comes well within the time of one read; all of them together never end."""
    web.pages["/"] = drip(web, first, again)
    with pytest.raises(CannotFetch, match="did not answer in time|connection broke"):
        fetch(web.url())


def test_silence(web, monkeypatch):
    monkeypatch.setattr(fetching, "READ_SECONDS", 0.2)
    web.pages["/"] = lambda connection: web.stopped.wait(30)
    with pytest.raises(CannotFetch, match="did not answer in time"):
        fetch(web.url())


def test_nobody_accepts(web, monkeypatch):
    monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as held:
        for _ in range(2):
            one = held.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        with pytest.raises(CannotFetch, match="did not answer in time"):
            fetch(f"http://127.0.0.1:{full.getsockname()[1]}/")


ENDLESS = {
    "a body": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1024),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "one chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", b"x" * 1024),
    "a chunk's size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"A: b\r\n"),
    "a header": (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 1024),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "large headers": (b"HTTP/1.1 200 OK\r\n", b"A: " + b"b" * 60000 + b"\r\n"),
    "a status": (b"HTTP/1.1 200 ", b"x" * 1024),
    "to be continued": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("first, again", ENDLESS.values(), ids=ENDLESS.keys())
def test_bytes_without_end(web, first, again):
    web.pages["/"] = flood(web, first, again)
    tracemalloc.start()
    with pytest.raises(CannotFetch, match="larger than 2 MB|connection broke"):
        fetch(web.url())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * MOST


def test_the_size_to_the_byte(web):
    web.pages["/"] = answer(b"x" * MOST)
    assert len(fetch(web.url()).body) == MOST
    web.pages["/"] = answer(b"x" * (MOST + 1))
    with pytest.raises(CannotFetch, match="larger than 2 MB"):
        fetch(web.url())
    web.pages["/"] = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MOST + 1)
    with pytest.raises(CannotFetch, match="larger than 2 MB"):
        fetch(web.url())


def test_a_size_that_is_only_said(web):
    web.pages["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n<feed/>"
    with pytest.raises(CannotFetch, match="larger than 2 MB"):
        fetch(web.url())


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x"])
def test_what_is_compressed(web, encoding):
    bomb = gzip.compress(bytes(50_000_000))
    web.pages["/"] = answer(bomb, Content_Encoding=encoding)
    with pytest.raises(CannotFetch, match="compressed"):
        fetch(web.url())


def test_what_is_compressed_without_saying_so_stays_bytes(web):
    bomb = gzip.compress(bytes(1_000_000))
    web.pages["/"] = answer(bomb)
    assert fetch(web.url()).body == bomb


@pytest.mark.parametrize(
    "kind",
    ["text/html", "TEXT/HTML; charset=utf-8", "image/svg", "application/json", "video/mp4", "x" * 5000],
)
def test_what_is_no_feed(web, kind):
    web.pages["/"] = answer(b"<feed/>", kind)
    with pytest.raises(CannotFetch, match="no feed, but") as why:
        fetch(web.url())
    assert len(str(why.value)) < 100


@pytest.mark.parametrize(
    "kind",
    ["application/rss+xml; charset=utf-8", "text/xml", "Text/Plain", "application/octet-stream", "", ";"],
)
def test_what_may_be_one(web, kind):
    web.pages["/"] = answer(b"<feed/>", kind)
    assert fetch(web.url()).body == b"<feed/>"


@pytest.mark.parametrize(
    "status",
    ["204 No Content", "304 Not Modified", "401 No", "403 No", "404 No", "410 Gone", "500 No", "206 Part"],
)
def test_another_answer(web, status):
    web.pages["/"] = answer(b"<feed/>", status=status)
    with pytest.raises(CannotFetch, match=f"It answers {status[:3]}"):
        fetch(web.url())


BROKEN = {
    "nothing": b"",
    "not HTTP": b"220 mail.example ESMTP\r\n",
    "redis": b"-ERR unknown command\r\n",
    "no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "half of it": answer(b"x" * 1000)[:-500],
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc",
    "a chunk of no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk below nothing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 101 + b"\r\n",
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_answer(web, said):
    web.pages["/"] = lambda connection: connection.sendall(said)
    with pytest.raises(CannotFetch, match="broke"):
        fetch(web.url())


def test_a_connection_that_is_reset(web):
    def page(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    web.pages["/"] = page
    with pytest.raises(CannotFetch, match="broke"):
        fetch(web.url())


def test_nobody_listens(web):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CannotFetch, match="Nobody answers"):
        fetch(f"http://127.0.0.1:{port}/")


def test_a_server_that_is_no_tls(web, short):
    web.pages["/"] = answer(b"<feed/>")
    with pytest.raises(CannotFetch, match="broke|in time"):
        fetch(web.url().replace("http:", "https:"))


def test_a_tls_handshake_that_never_ends(monkeypatch, settings):
    settings.FEED_PRIVATE_HOSTS = ["127.0.0.1"]
    monkeypatch.setattr(fetching, "READ_SECONDS", 0.2)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        threading.Thread(target=lambda: (silent.accept(), over.wait(30)), daemon=True).start()
        with pytest.raises(CannotFetch, match="in time"):
            fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/")
        over.set()


def test_the_connection_is_closed_whatever_happens(web, monkeypatch):
    opened = []
    connect = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *a: opened.append(connect(*a)) or opened[-1])
    web.pages |= {"/": answer(b"<feed/>"), "/html": answer(b"", "text/html"), "/broken": b"no"}
    for path in ("/", "/html", "/broken", "/none"):
        with contextlib.suppress(CannotFetch):
            fetch(web.url(path))
    assert len(opened) == 4 and all(one.fileno() == -1 for one in opened)
