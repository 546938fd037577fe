"""Fetch a URL that anybody may have typed, and reach nothing that is not public.

1. The URL is taken apart once, and everything below uses the parts: there is no second reading to disagree.
2. The name is looked up once. One address of it that is not public, and none is asked (FEED_PRIVATE_HOSTS
   names the hosts that may be anywhere).
3. The connection goes to an address that was checked: what DNS says a moment later changes nothing. Host and
   the certificate's name stay the URL's.
4. A redirect begins at 1.
Everything is bounded: seconds over all, bytes over all (headers too), redirects. No proxy is used.
"""

import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from io import BufferedReader, RawIOBase
from typing import NamedTuple
from urllib.parse import urljoin

from .public import DEFAULT_PORT, CannotFetch, addresses, taken_apart

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5, 10, 30
MOST = 2 * 1024 * 1024  # bytes of a feed
AROUND = 64 * 1024  # bytes of headers and the like
REDIRECTS = 3
REDIRECT = {301, 302, 303, 307, 308}
HEADERS = [
    "Accept: application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.1",
    "Accept-Encoding: identity",  # a small answer that unfolds into gigabytes is refused, not unfolded
    "Connection: close",
    "User-Agent: Partyline",
]


class TooLarge(CannotFetch):
    """More came than there is room for."""

    def __init__(self):
        super().__init__(f"It is larger than {MOST // 1024 // 1024} MB.")


class Fetched(NamedTuple):
    """What came, and from where after all redirects."""

    url: str
    content_type: str
    body: bytes


def fetch(url):
    """Return what is at the URL; raises CannotFetch."""
    deadline = time.monotonic() + WHOLE_SECONDS
    for _ in range(REDIRECTS + 1):
        try:
            found = _ask(url, deadline)
        except CannotFetch:
            raise
        except TimeoutError:
            raise CannotFetch("It did not answer in time.") from None
        except ssl.SSLCertVerificationError:
            raise CannotFetch("Its certificate is not valid.") from None
        except (OSError, HTTPException, ValueError):  # the last: a chunk's size that is no number
            raise CannotFetch("The connection broke, or it does not speak HTTP.") from None
        if isinstance(found, Fetched):
            return found
        url = found
    raise CannotFetch(f"It redirects more than {REDIRECTS} times.")


def _ask(url, deadline):
    """Return what is there, or the URL that it leads on to."""
    target = taken_apart(url)
    sock = _connect(target, deadline)
    try:
        sock.settimeout(_left(deadline, READ_SECONDS))
        sock.sendall(_request(target))
        response = HTTPResponse(_Bounded(sock, deadline), method="GET")
        response.begin()
        if response.status in REDIRECT:
            return urljoin(url, response.getheader("Location") or "")
        return Fetched(url, *_read(response))
    finally:
        sock.close()


def _request(target):
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == DEFAULT_PORT[target.scheme] else f":{target.port}"
    lines = [f"GET {target.path} HTTP/1.1", f"Host: {host}{port}", *HEADERS, "", ""]
    return "\r\n".join(lines).encode("ascii")


def _connect(target, deadline):
    """Return a socket to the first address that answers."""
    error = None
    for address in addresses(target.host, target.port)[:3]:
        try:
            sock = socket.create_connection((address, target.port), _left(deadline, CONNECT_SECONDS))
        except OSError as refused:
            error = refused
            continue
        if target.scheme == "http":
            return sock
        try:
            sock.settimeout(_left(deadline, READ_SECONDS))
            return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)
        except BaseException:
            sock.close()
            raise
    if isinstance(error, TimeoutError):
        raise error
    raise CannotFetch("Nobody answers there.")


def _left(deadline, most):
    """Return the seconds that one step may take."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, most)


class _Bounded(RawIOBase):
    """What comes out of a socket, and neither more bytes nor more time than there are.

    A time-out of the socket alone would begin anew with every byte of a server that sends one a second.
    """

    def __init__(self, sock, deadline):
        self.sock, self.deadline, self.bytes_left = sock, deadline, MOST + AROUND

    def makefile(self, mode):
        """Return the file that HTTPResponse reads from."""
        return BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        self.sock.settimeout(_left(self.deadline, READ_SECONDS))
        count = self.sock.recv_into(buffer)
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise TooLarge
        return count


def _read(response):
    """Return (content type, body) of an answer; raises CannotFetch where it can be no feed."""
    if response.status != 200:
        raise CannotFetch(f"It answers {response.status}.")
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise CannotFetch("It is compressed, which was not asked for.")
    content_type = response.getheader("Content-Type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind and "xml" not in kind and kind not in ("text/plain", "application/octet-stream"):
        raise CannotFetch(f"It is no feed, but {kind[:60]}.")
    if (response.length or 0) > MOST:
        raise TooLarge
    body = response.read(MOST + 1)
    if len(body) > MOST:
        raise TooLarge
    if response.length:
        raise CannotFetch("It broke off in the middle.")
    return content_type, body
