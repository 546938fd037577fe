"""What a client says of its own address, scheme and host reaches nobody but through a trusted proxy."""

import json

import pytest
from websockets.sync.client import connect

LIES = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6",
    "Proxy": "http://evil.example",
    "X-Request-ID": "evil",
}


def test_it_works(front):
    door = front()
    door.start_web()
    environ = door.ask("/a%20b/?x=1").environ
    assert environ["PATH_INFO"] == "/a b/"
    assert environ["QUERY_STRING"] == "x=1"
    assert environ["HTTP_HOST"] == f"127.0.0.1:{door.port}"


def test_web_gets_the_truth(front):
    door = front()
    door.start_web()
    environ = door.ask("/", headers=LIES).environ
    assert environ["HTTP_X_FORWARDED_FOR"] == environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["HTTP_X_FORWARDED_PROTO"] == environ["UWSGI_SCHEME"] == "http"
    assert environ["HTTP_X_FORWARDED_HOST"] == f"127.0.0.1:{door.port}"
    assert len(environ["HTTP_X_REQUEST_ID"]) == 32  # nginx's own, which its log has too
    assert "6.6.6.6" not in str(environ) and "evil" not in str(environ)


def test_ws_gets_the_truth(front):
    door = front()
    door.start_ws()
    with connect(f"ws://127.0.0.1:{door.port}/ws/live/", additional_headers=LIES) as socket:
        headers = {name.lower(): value for name, value in json.loads(socket.recv(timeout=5)).items()}
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["host"] == f"127.0.0.1:{door.port}"
    assert "6.6.6.6" not in str(headers) and headers.get("x-forwarded-host") != "evil.example"


def test_a_trusted_proxy_is_believed_as_far_as_it_is_trusted(front):
    door = front(TRUSTED_PROXIES="127.0.0.0/8, fd00::/8")
    door.start_web()
    lies_before_the_proxy = LIES | {"X-Forwarded-For": "1.1.1.1, 9.9.9.9, 127.0.0.7"}
    environ = door.ask("/", headers=lies_before_the_proxy).environ
    assert environ["HTTP_X_FORWARDED_FOR"] == environ["REMOTE_ADDR"] == "9.9.9.9"
    assert environ["HTTP_X_FORWARDED_PROTO"] == "https"
    assert environ["HTTP_X_FORWARDED_HOST"] == f"127.0.0.1:{door.port}"


@pytest.mark.parametrize("wrong", ["everybody", "10.0.0.0/8; evil on"])
def test_nonsense_is_refused(front, wrong):
    with pytest.raises(AssertionError):
        front(TRUSTED_PROXIES=wrong)
