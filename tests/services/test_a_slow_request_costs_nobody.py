"""A request whose body comes slowly is not cut, and its process lives, whatever goes on beside it."""

import socket
import struct

import pytest

from services.probe import uwsgi_request
from tests.services.conftest import probe
from tests.site import until


def with_body(request, length):
    """Return the uwsgi request with a body announced; of a variable that comes twice the last counts."""
    pair = (b"CONTENT_LENGTH", str(length).encode())
    variable = b"".join(struct.pack("<H", len(text)) + text for text in pair)
    return struct.pack("<BHB", 0, len(request) - 4 + len(variable), 0) + request[4:] + variable


@pytest.mark.parametrize("server", ["uwsgi", "gunicorn"])
def test_others_finish_while_a_body_comes(start, server, tmp_path_factory):
    """With uWSGI's harakiri this was a SIGKILL: https://github.com/unbit/uwsgi/issues/2706"""
    address = str(tmp_path_factory.mktemp("w") / "web.sock")
    start("services/web/start", WEB_SERVER=server, WEB_BIND=address, WEB_PROCESSES="1", WEB_THREADS="2")
    until(lambda: probe("web", address)[0] == 0, "web is up")
    with socket.socket(socket.AF_UNIX) as slow:
        slow.connect(address)
        slow.sendall(with_body(uwsgi_request("/healthz"), 8))
        slow.sendall(b"slow")
        assert probe("web", address)[0] == 0
        slow.sendall(b"ly")
        slow.settimeout(2.5)  # a master looks after its workers every second
        with pytest.raises(TimeoutError):
            slow.recv(1)
        slow.sendall(b"..")
        slow.settimeout(10)
        answer = b"".join(iter(lambda: slow.recv(4096), b""))
    assert b" 200 " in answer and answer.endswith(b"slowly..")
