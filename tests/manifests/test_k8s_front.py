"""nginx as its pods run it: the upstreams of k8s/base, and certificates that change under it."""

import os
import re
import shutil
import signal
import socket
import socketserver
import ssl
import struct
import threading

import pytest

from tests.manifests.k8s_render import ROOT
from tests.nginx.conftest import front  # noqa: F401 - a fixture
from tests.nginx.test_https import certificate
from tests.site import until

UPSTREAMS = (ROOT / "k8s/base/upstreams.conf").read_text()


class Service(socketserver.ThreadingTCPServer):
    """A Service with a dead pod among its pods: some connections are cut at once, the others are answered."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, dead):
        self.dead, self.asked = dead, 0
        super().__init__(("127.0.0.1", 0), None)

    def finish_request(self, request, client_address):
        self.asked += 1
        if self.asked <= self.dead:
            # An end with a reset: as near to a refusal as one listener can come.
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            request.recv(65536)
            request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


@pytest.fixture
def service():
    """Return a function that starts a Service whose first connections end in a dead pod."""
    services = []

    def start(dead):
        services.append(Service(dead))
        threading.Thread(target=services[-1].serve_forever, daemon=True).start()
        return services[-1]

    yield start
    for one in services:
        one.shutdown()
        one.server_close()


def in_pod(front, folder, port, **knobs):  # noqa: F811
    """Start nginx with the upstreams of k8s/base, the Services' names standing for a port of this machine."""
    file = folder / "upstreams.conf"
    file.write_text(re.sub(r"\b(web:8000|ws:8001)\b", f"127.0.0.1:{port}", UPSTREAMS))
    knobs = {"NGINX_UPSTREAMS": str(file), "WEB_UPSTREAM": "web_pods", "WS_UPSTREAM": "ws_pods"} | knobs
    return front(**knobs)


@pytest.mark.parametrize("dead", [0, 1, 2, 5])
def test_a_page_passes_over_a_dead_pod(front, service, tmp_path, dead):  # noqa: F811
    pods = service(dead)
    assert in_pod(front, tmp_path, pods.server_address[1]).ask("/").status == 200
    assert pods.asked == dead + 1


def test_nobody_there_is_said_in_words(front, tmp_path):  # noqa: F811
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    answer = in_pod(front, tmp_path, port).ask("/")
    assert answer.status == 503 and "<style>" in answer.text


def test_a_dead_moment_is_forgotten_at_once(front, service, tmp_path):  # noqa: F811
    """nginx keeps no grudge against a Service: its next connection is another pod's."""
    pods = service(100)
    nginx = in_pod(front, tmp_path, pods.server_address[1])
    assert nginx.ask("/").status == 503
    pods.dead = 0
    assert nginx.ask("/").status == 200


def test_a_renewed_certificate_is_taken_up(front, service, tmp_path):  # noqa: F811
    quick = tmp_path / "bin"
    quick.mkdir()
    (quick / "sleep").write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 0.1\n")
    (quick / "sleep").chmod(0o755)
    # As a Secret is mounted: files behind a link, which is moved in one step.
    for version in ("first", "second"):
        (tmp_path / version).mkdir()
        certificate(tmp_path / version, version)
    (tmp_path / "now").symlink_to("first")
    knobs = {"TLS_DIR": str(tmp_path / "now"), "TLS_CERT": "cert.pem", "TLS_KEY": "key.pem"}
    knobs |= {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "PATH": f"{quick}:{os.environ['PATH']}"}
    door = in_pod(front, tmp_path, service(0).server_address[1], **knobs)
    until(lambda: shown(door) == "first", "the certificate is there")
    (tmp_path / "next").symlink_to("second")
    (tmp_path / "next").rename(tmp_path / "now")
    until(lambda: shown(door) == "second", "the renewed one is there")


def shown(door):
    """Return the name on the certificate that nginx shows, None while it does not answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", door.tls_port), 5) as raw:
            with context.wrap_socket(raw) as tls:
                found = re.search(rb"first|second", tls.getpeercert(binary_form=True))
    except OSError:
        return None
    return found[0].decode()


def test_it_stops_by_the_signal_of_its_image(front, service, tmp_path):  # noqa: F811
    nginx = in_pod(front, tmp_path, service(0).server_address[1], NGINX_CUT_AFTER="30s")
    stopsignal = re.search(r"STOPSIGNAL (\w+)", (ROOT / "services/Dockerfile").read_text())[1]
    nginx.started[0].send_signal(signal.Signals[stopsignal])
    assert nginx.started[0].wait(10) == 0
