"""The probe says well or not well, in one line, within seconds."""

import http.server
import os
import threading
import time

import pytest

from tests.services.conftest import probe


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        well = self.path == "/healthz" and self.headers["Host"] == "localhost"
        self.send_response(200 if well else 503)
        self.end_headers()
        self.wfile.write(b"draining")

    def log_message(self, *arguments):
        pass


@pytest.fixture
def port():
    server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1:{}", "tcp:{}:interface=0.0.0.0:backlog=1024", "tcp:{}", "0.0.0.0:{}"]
)
def test_ws_is_well(port, spelling):
    assert probe("ws", spelling.format(port)) == (0, "")


def test_ws_is_not_ready(port):
    code, said = probe("ws", f"127.0.0.1:{port}", "--ready")
    assert code == 1 and "503" in said and "draining" in said


def test_nobody_is_there(tmp_path):
    code, said = probe("ws", f"unix:{tmp_path}/none.sock:mode=660")
    assert code == 1 and said.count("\n") == 1 and "FileNotFoundError" in said


def test_the_worker_by_its_heartbeat(tmp_path):
    beat = tmp_path / "heartbeat"
    assert probe("worker", str(beat))[0] == 1
    beat.touch()
    assert probe("worker", str(beat)) == (0, "")
    os.utime(beat, (time.time() - 60,) * 2)
    assert probe("worker", str(beat))[0] == 1


@pytest.mark.parametrize("arguments", [[], ["nginx"], ["web", "no port"]])
def test_nonsense(arguments):
    code, said = probe(*arguments)
    assert code == 1 and "Traceback" not in said
