"""Two ws servers behind one nginx count an address together, as nginx names it."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import unix_connect

from . import test_server
from .own_redis import MISSING, own_redis  # noqa: F401 - a fixture
from .test_server import Server, database  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")


@pytest.fixture
def servers(own_redis, database, tmp_path, monkeypatch):  # noqa: F811
    """Start two that let one socket of an address in, and then none for a while."""
    for name, value in {"REDIS_URL": own_redis.url, "WS_ADDRESS_PER_SECOND": "0.01"}.items():
        monkeypatch.setitem(test_server.ENV, name, value)
    started = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        started.append(Server(tmp_path / name, database))
    yield started
    for server in started:
        server.process.kill()
        server.process.wait()


def connect(server, address):
    """Open a socket as nginx does for a client of this address, and return the status of the answer."""
    headers = {"X-Forwarded-For": address, "X-Forwarded-Port": "nonsense"}
    try:
        with unix_connect(
            server.path, "ws://localhost/ws/live/", origin="http://localhost", additional_headers=headers
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_it_works(servers):
    one, two = servers
    assert [connect(one, "192.0.2.1"), connect(two, "192.0.2.2")] == [101, 101]
    assert [connect(two, "192.0.2.1"), connect(one, "192.0.2.2")] == [403, 403]


def test_a_networks_addresses_are_one_in_ipv6(servers):
    one, two = servers
    assert [connect(one, "2001:db8::1"), connect(two, "2001:db8::ffff:2")] == [101, 403]
    assert connect(two, "2001:db8:0:1::1") == 101
