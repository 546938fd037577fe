"""A web server that the tests hold in their hand, byte by byte; and an event with feeds."""

import contextlib
import socket
import threading

import pytest

from partyline.commentary.models import Event
from partyline.jobs.models import Job
from partyline.jobs.running import run


class Web:
    """Answers on 127.0.0.1: `pages[path]` is an answer's bytes, or a function that gets the connection."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port, self.pages, self.asked = self.socket.getsockname()[1], {}, []
        self.stopped = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def url(self, path="/", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def feed(self, path, *entries, title="A feed", kind="application/atom+xml"):
        """Serve an Atom feed of (id, title, text); return its URL."""
        self.pages[path] = answer(atom(entries, title), kind)
        return self.url(path)

    def close(self):
        self.stopped.set()
        self.socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection):
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := connection.recv(4096)):
                    return
                head += more
            self.asked.append(head.decode())
            page = self.pages.get(head.split(b" ")[1].decode(), answer(b"nothing", status="404 Not Found"))
            if callable(page):
                page(connection)
            else:
                connection.sendall(page)


def answer(body=b"", kind="application/xml", status="200 OK", **headers):
    """Return the bytes of an answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to):
    return answer(status="302 Found", Location=to)


def atom(entries, title="A feed"):
    found = "".join(
        f"<entry><id>{id}</id><title>{title}</title><content>{text}</content>"
        f'<link href="https://news.example/{number}"/><updated>2026-01-01T00:{number:02}:00Z</updated></entry>'
        for number, (id, title, text) in enumerate(entries)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{title}</title>{found}</feed>'.encode()


@pytest.fixture
def web(settings):
    """The server; the operator allows it by name."""
    web = Web()
    settings.FEED_PRIVATE_HOSTS = ["127.0.0.1"]
    yield web
    web.close()


@pytest.fixture
def event(alice):
    return Event.objects.create(title="The final", author=alice)


@pytest.fixture
def work(db):
    """Return a function that runs all due jobs here, and returns the last one."""

    def work():
        while job := Job.objects.claim("test", lease=60):
            run(job, patience=0)
        return Job.objects.order_by("-created").first()

    return work
