"""Web, by uWSGI or gunicorn, speaks the uwsgi protocol, and a stop lets requests in flight finish."""

import signal
import socket
import time

import pytest

from services.probe import uwsgi_request
from tests.services.conftest import probe
from tests.site import free_ports, until


@pytest.fixture(params=["uwsgi", "gunicorn"])
def server(request):
    return request.param


def test_it_works(start, server, tmp_path_factory):
    address = str(tmp_path_factory.mktemp("w") / "web.sock")
    start("services/web/start", WEB_SERVER=server, WEB_BIND=address)
    until(lambda: probe("web", address)[0] == 0, "web is up")
    code, said = probe("web", address, "--ready")
    assert code == 1 and "503" in said


def test_a_stop_lets_requests_finish(start, server):
    address = f"127.0.0.1:{free_ports(1)[0]}"
    web = start("services/web/start", WEB_SERVER=server, WEB_BIND=address)
    until(lambda: probe("web", address)[0] == 0, "web is up")
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(uwsgi_request("/slow"))
        with pytest.raises(TimeoutError):
            connection.settimeout(0.5)
            connection.recv(1)
        web.send_signal(signal.SIGTERM)
        connection.settimeout(10)
        assert b" 200 " in connection.recv(4096)
    assert web.wait(10) == 0
    code, said = probe("web", address)
    assert code == 1 and "Connection refused" in said


def test_a_stop_right_after_the_start_is_no_longer_than_another(start, server):
    """Some processes still load the site: with lazy-apps uWSGI ended only when its mercy did, after 60 s."""
    for seconds_up in (0.6, None):
        address = f"127.0.0.1:{free_ports(1)[0]}"
        web = start("services/web/start", WEB_SERVER=server, WEB_BIND=address, LOADING="1")
        if seconds_up is None:
            until(lambda address=address: probe("web", address)[0] == 0, "web is up")
        else:
            time.sleep(seconds_up)  # nothing tells that a process is about to load
        web.send_signal(signal.SIGTERM)
        web.wait(20)


def test_another_server_is_refused_by_name(start):
    web = start("services/web/start", WEB_SERVER="apache")
    assert web.wait(10) == 1
    assert b"WEB_SERVER: 'apache'" in web.stdout.read()
