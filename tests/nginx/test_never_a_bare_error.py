"""A service is gone: pages become nginx's own page, which tries again by itself; /ws/ never is a page."""

import base64
import hashlib
import re
import signal

import pytest
from websockets.sync.client import connect

from tests.site import until

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_web_is_gone(front, method):
    answer = front().ask("/rooms/?next=x", method=method, body="a=b" if method == "POST" else None)
    assert answer.status == 503
    assert answer.headers["Retry-After"] and answer.headers["Cache-Control"] == "no-store"
    assert '<meta http-equiv="refresh"' in answer.text


def test_the_page_may_use_its_own_style_and_nothing_else(front):
    answer = front().ask("/")
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "unsafe" not in policy


def test_web_comes_back(front):
    door = front()
    assert door.ask("/").status == 503
    door.start_web()
    assert door.ask("/").status == 200


@pytest.mark.parametrize("headers", [{}, {"Upgrade": "h2c"}])
def test_ws_without_an_upgrade(front, headers):
    answer = front().ask("/ws/live/", headers=headers)
    assert answer.status == 426
    assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/ws/live/", "/ws/", "/ws/other"])
def test_ws_is_gone(front, path):
    answer = front().ask(path, headers=UPGRADE)
    assert answer.status == 503
    assert answer.headers["Content-Type"].startswith("text/plain") and "<" not in answer.text


def test_too_many_sockets_from_one_address(front):
    door = front(CONNECTIONS_PER_CLIENT="1")
    door.start_ws()
    with connect(f"ws://127.0.0.1:{door.port}/ws/live/"):
        answer = door.ask("/ws/live/", headers=UPGRADE)
        assert answer.status == 503 and "<" not in answer.text
        assert door.ask("/").status == 429
    until(lambda: door.ask("/").status == 503, "web is away")


def test_nginx_itself_lives(front):
    answer = front().ask("/healthz/nginx")
    assert (answer.status, answer.text) == (200, "ok\n")


def test_it_stops_well(front):
    door = front()
    door.started[0].send_signal(signal.SIGQUIT)
    assert door.started[0].wait(10) == 0


def test_the_log_keeps_no_query_strings(front):
    door = front()
    door.ask("/rooms/?token=secret", headers={"Cookie": "sessionid=secret"})
    door.started[0].send_signal(signal.SIGQUIT)
    door.started[0].wait(10)
    log = (door.folder / "log").read_text()
    assert '503 "GET /rooms/"' in log
    assert "secret" not in "".join(re.findall("^127.0.0.1 .*", log, re.MULTILINE))
