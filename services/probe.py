"""Ask a process of the stack how it is: exit status 0 if well, 1 and one line of text if not.

    python services/probe.py web|ws|worker [address] [--ready]

An address is host:port, a path, or a Twisted endpoint; when not given it comes from the start scripts' own
variables: WEB_BIND, WS_BIND, WORKER_HEARTBEAT_FILE. Standard library only, and no Django: a probe runs every
few seconds.
"""

import os
import re
import socket
import struct
import sys
import time

TIMEOUT = 4  # seconds; below the timeout of every health check that runs this
STALE = 20  # seconds; a live worker touches its file every 5
# https: so that a redirect to HTTPS does not answer in the place of the health view.
HEADERS = {"Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}


def connect(address: str) -> socket.socket:
    """Connect to host:port, to the unix socket of a path, or where a Twisted endpoint listens."""
    if address.startswith(("tcp:", "unix:")):
        address = endpoint(address)
    if "/" in address:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(address)
        return connection
    host, _, port = address.rpartition(":")
    everywhere = host in ("", "0.0.0.0")
    return socket.create_connection(("127.0.0.1" if everywhere else host, int(port)), TIMEOUT)


def endpoint(text: str) -> str:
    """Turn a Twisted endpoint into an address: tcp:8001:interface=… or unix:/path:mode=…"""
    kind, where, *options = re.split(r"(?<!\\):", text)
    if kind == "unix":
        return where.replace("\\:", ":")
    interface = dict(option.split("=", 1) for option in options).get("interface", "")
    return f"{interface}:{where}"


def http_request(path: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in HEADERS.items()), "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def uwsgi_request(path: str) -> bytes:
    """Pack a GET, lengths little-endian; see https://uwsgi-docs.readthedocs.io/en/latest/Protocol.html"""
    request = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "PATH_INFO": path, "QUERY_STRING": ""}
    request |= {"SERVER_PROTOCOL": "HTTP/1.0", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    request |= {"REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": ""}
    request |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in HEADERS.items()}
    pairs = b"".join(
        struct.pack("<H", len(text)) + text for pair in request.items() for text in map(str.encode, pair)
    )
    return struct.pack("<BHB", 0, len(pairs), 0) + pairs


def ask(address: str, request: bytes) -> str | None:
    """Send the request; return None after a 200, else what came instead."""
    with connect(address) as connection:
        connection.sendall(request)
        answer = b""
        while len(answer) < 4096 and (piece := connection.recv(4096)):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n")[0].decode(errors="replace")
    if status.split()[1:2] == ["200"]:
        return None
    return f"{status or 'an empty answer'} {body.decode(errors='replace')[:500]}"


def heartbeat(path: str) -> str | None:
    age = time.time() - os.stat(path).st_mtime
    return None if age < STALE else f"{path} was last touched {age:.0f} s ago"


def main(arguments: list[str]) -> str | None:
    path = "/readyz" if "--ready" in arguments else "/healthz"
    service, *rest = [argument for argument in arguments if argument != "--ready"] or [""]
    address = rest[0] if rest else None
    if service == "web":
        return ask(address or os.environ.get("WEB_BIND") or "127.0.0.1:8000", uwsgi_request(path))
    if service == "ws":
        return ask(address or os.environ.get("WS_BIND") or "127.0.0.1:8001", http_request(path))
    if service == "worker":
        return heartbeat(address or os.environ.get("WORKER_HEARTBEAT_FILE") or "var/run/worker.heartbeat")
    return "usage: probe.py web|ws|worker [address] [--ready]"


if __name__ == "__main__":
    try:
        problem = main(sys.argv[1:])
    except (OSError, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    sys.exit(problem)
