"""The line between one browser and the site: a test may cut it, keep it shut, or let it lose what passes."""

import contextlib
import socket
import threading

import pytest

from tests.site import until


class Link:
    """One TCP connection of the browser, with its other half to the site."""

    def __init__(self, near, far, is_socket):
        self.near, self.far = near, far
        self.is_socket, self.is_open = (
            is_socket,
            False,
        )  # open: a WebSocket whose handshake the site has taken

    def close(self):
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class Wire:
    """Relays; `origin` is the site's address for who sits behind it.

    `shut` is "" or what it refuses to open: "sockets" or "all". `deaf` is "" or the direction in which
    a WebSocket's bytes vanish: "down" (to the browser) or "up". `fewest` and `most` count WebSockets that
    were open at once, since `count()`; `opened` counts them all.
    """

    def __init__(self, site):
        if site.secure or site.host not in ("127.0.0.1", "localhost"):
            pytest.skip("it reads what passes: only for a site on this machine, without TLS")
        self.site, self.shut, self.deaf = site, "", ""
        self.links, self.lock = set(), threading.RLock()
        self.fewest = self.most = self.opened = 0
        self.door = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.origin = f"http://{site.host}:{self.door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def open(self):
        """How many WebSockets are open now."""
        with self.lock:
            return sum(link.is_open for link in self.links)

    def count(self):
        """Begin to count anew."""
        with self.lock:
            self.fewest = self.most = self.open
            self.opened = 0

    def cut(self, shut=None, everything=False):
        """End all WebSockets, or all connections, without a goodbye; with `shut`, none comes after."""
        with self.lock:
            self.shut = self.shut if shut is None else shut
            links = [link for link in self.links if everything or link.is_socket]
        for link in links:
            link.close()
        until(lambda: not self.links.intersection(links), "the line is cut")

    def close(self):
        with contextlib.suppress(OSError):
            self.door.shutdown(socket.SHUT_RDWR)
        self.door.close()
        self.cut("all", everything=True)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.door.accept()
                threading.Thread(target=self._serve, args=[near], daemon=True).start()

    def _serve(self, near):
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            held.enter_context(near)
            first = near.recv(65536)
            far = held.enter_context(socket.create_connection((self.site.host, self.site.port), 30))
            far.settimeout(None)
            link = Link(near, far, first.startswith(b"GET /ws/"))
            with self.lock:
                if not first or self.shut == "all" or (self.shut and link.is_socket):
                    return
                self.links.add(link)
            held.callback(self._forget, link)
            far.sendall(first)
            down = threading.Thread(target=self._pump, args=[link, far, near, "down"], daemon=True)
            down.start()
            self._pump(link, near, far, "up")
            down.join()

    def _pump(self, link, source, sink, direction):
        try:
            while data := source.recv(65536):
                if link.is_socket and not link.is_open and data.startswith(b"HTTP/1.1 101"):
                    link.is_open = True
                    self._changed(1)
                if not (link.is_socket and self.deaf == direction):
                    sink.sendall(data)
        except OSError:
            pass
        finally:
            link.close()

    def _forget(self, link):
        with self.lock:
            self.links.discard(link)
            self._changed()

    def _changed(self, more=0):
        with self.lock:
            self.opened += more
            self.fewest, self.most = min(self.fewest, self.open), max(self.most, self.open)
