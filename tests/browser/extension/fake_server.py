"""A server that does what a test says: pages over HTTP, and WebSockets driven frame by frame."""

import json
import queue
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import django_htmx
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

LIMIT = 40  # seconds that a test waits for anything
CSP = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self' ws:"
PARTYLINE = Path(__file__).parents[3] / "partyline"
LIVE = PARTYLINE / "live" / "static" / "live"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx"
FILES = ("socket", "streams", "outbox", "held", "updates", "act", "page", "partyline")
SCRIPTS = {
    "htmx.js": HTMX / "htmx-2.js",
    "ws.js": HTMX / "ext" / "hx-ws-2.js",
    **{f"{name}.js": LIVE / f"{name}.js" for name in FILES},
}
STATIC = SCRIPTS | {"site.css": PARTYLINE / "static" / "partyline" / "site.css"}


class Link:
    """One accepted WebSocket; `got` and `say` are its two directions."""

    def __init__(self, connection):
        self.connection = connection
        self.inbox = queue.Queue()
        self.closed = threading.Event()
        self.answered = threading.Event()

    def got(self, type=None):
        """Return the next frame of that type, beats and resumes for other streams passed over."""
        while True:
            frame = self.inbox.get(timeout=LIMIT)
            if type is None or frame["type"] == type:
                return frame

    def say(self, *frames):
        """Send each frame; a list goes out as one array."""
        for frame in frames:
            self.connection.send(frame if isinstance(frame, str) else json.dumps(frame))

    def greet(self, head=0, epoch="e1", answer=True):
        """Take the resume, which must come first, and answer it for every stream."""
        frame = self.got()
        assert frame["type"] == "resume", frame
        for key in frame["streams"] if answer else ():
            self.say({"stream": key, "resumed": {"epoch": epoch, "head": head}})
        return frame["streams"]

    def close(self, code=1000):
        self.connection.close(code)

    def kill(self):
        """Cut the TCP connection: the browser sees 1006."""
        self.connection.socket.shutdown(socket.SHUT_RDWR)

    def wait_closed(self):
        assert self.closed.wait(LIMIT), "the browser did not close the socket"

    @property
    def is_open(self):
        return not self.closed.is_set()


class FakeServer:
    """Pages by path in `pages`, POSTs in `posts`, sockets in the order in which they came."""

    def __init__(self):
        self.pages, self.posts, self.requests = {}, [], []
        self.links = queue.Queue()
        self.refusing, self.attempts = False, 0
        self.answer = None  # answer(link, frame), instead of the link's inbox
        self.ws = serve(self._socket, "127.0.0.1", 0, process_request=self._handshake, compression=None)
        self.ws_url = f"ws://127.0.0.1:{self.ws.socket.getsockname()[1]}/ws/live/"
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._http())
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        for server in (self.ws, self.http):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        self.ws.shutdown()
        self.http.shutdown()
        self.http.server_close()

    def reset(self):
        """Forget the test before; what its page may still be sending is told apart by its cookie."""
        self.number = getattr(self, "number", 0) + 1
        self.pages, self.posts, self.requests = {}, [], []
        self.links = queue.Queue()
        self.refusing, self.attempts, self.answer = False, 0, None

    def link(self):
        """Return the next socket that the browser opens."""
        return self.links.get(timeout=LIMIT)

    def _handshake(self, connection, request):
        if request.headers.get("Cookie") != f"test={self.number}":
            return connection.respond(HTTPStatus.FORBIDDEN, "")
        self.attempts += 1
        if self.refusing:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")

    def _socket(self, connection):
        link = Link(connection)
        self.links.put(link)
        try:
            for text in connection:
                frame = json.loads(text)
                self.answer(link, frame) if self.answer else link.inbox.put(frame)
        except (ConnectionClosed, OSError):
            pass
        link.closed.set()

    def _http(fake):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                self.send_header("Set-Cookie", f"test={fake.number}; Path=/")
                for name, value in {"Content-Security-Policy": CSP, **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path = self.path.split("?")[0]
                fake.requests.append(path)
                if path.startswith("/static/"):
                    kind = "text/css" if path.endswith(".css") else "text/javascript"
                    return self.answer(200, STATIC[path[8:]].read_bytes(), Content_Type=kind)
                status, html = fake.pages.get(path, (404, "nothing here"))
                self.answer(status, html.encode(), Content_Type="text/html; charset=utf-8")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fake.posts.append({name: values[0] for name, values in parse_qs(body).items()})
                self.answer(303, Location=self.headers["Referer"])

            def log_message(self, *args):
                pass

        return Handler


def message(number, text="", author=2, client_id="", time="2020-01-02T03:04:05+00:00"):
    """Return a line of the room, as the page and an entry hold it."""
    return (
        f'<li id="message-{number}" data-author="{author}" data-client-id="{client_id}">'
        f'<time datetime="{time}" title="in UTC">03:04 UTC</time> <p>{text or f"text {number}"}</p></li>'
    )


def entry(seq, text="", stream="room:1", **more):
    """Return the frame of an entry that appends message `seq`."""
    line = message(seq, text, **more)
    frame = {"stream": stream, "seq": seq, "html": f'<ol hx-swap-oob="beforeend:#messages">{line}</ol>'}
    return frame | ({"client_id": more["client_id"]} if more.get("client_id") else {})


def stream(lines="", head=0, epoch="e1", key="room:1", fragment="/fragment/", more=""):
    """Return the stream's element; `more` are attributes of it."""
    return (
        f'<section id="stream" data-stream="{key}" data-epoch="{epoch}" data-head="{head}"'
        f' data-fragment="{fragment}"{more}><ol id="messages">{lines}</ol>'
        '<input id="draft" name="draft"></section>'
    )


def state_frame(v, html, name="here", stream="room:1"):
    """Return the frame of a piece of state."""
    return {"stream": stream, "state": name, "v": v, "html": html}


def document(server, body="", extra="", person="1"):
    """Return the whole page of a room."""
    scripts = "".join(f'<script src="/static/{name}" defer></script>' for name in SCRIPTS)
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="htmx-config" content='{{"allowEval":false,"includeIndicatorStyles":false}}'>{scripts}</head>
<body hx-ext="ws,partyline" ws-connect="{server.ws_url}" data-person="{person}">
<p id="live-state" role="status" hidden></p><ul id="here"></ul>
<div id="talk"><div id="box" data-follow>{body or stream()}</div><button data-new-count hidden></button></div>
<form id="say" ws-send method="post" action="/say/" data-pending="pending-message">
<input type="hidden" name="csrfmiddlewaretoken" value="token"><input type="hidden" name="type" value="say">
<input type="hidden" name="stream" value="room:1"><input type="hidden" name="client_id" value="from-server">
<textarea name="text" maxlength="50" required></textarea><button>Send</button></form>
<template id="pending-message" data-target="#messages"><li data-author="{person}"><p data-field="text"></p>
<b data-reason hidden></b><button type="button" data-retry hidden>Try again</button></li></template>
{extra}</body></html>"""


def resumed(head, epoch="e1"):
    """Return the frame that ends an answer to a resume."""
    return {"stream": "room:1", "resumed": {"epoch": epoch, "head": head}}


def reset(head, epoch="e1"):
    """Return the frame that says: the log does not reach back to you."""
    return {"stream": "room:1", "reset": {"epoch": epoch, "head": head}}
