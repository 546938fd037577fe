"""A real nginx from our template; behind it stand-ins for web and ws that say what reached them."""

import http.client
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.site import free_ports, until

ROOT = Path(__file__).parents[2]
WEB = """
import json
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({k: v for k, v in environ.items() if isinstance(v, str)}).encode()]
"""
WS = """
import asyncio, json, sys
from websockets.asyncio.server import unix_serve
async def say_headers(socket):
    await socket.send(json.dumps(dict(socket.request.headers.raw_items())))
    await socket.wait_closed()
async def main():
    async with unix_serve(say_headers, sys.argv[1], compression=None) as server:
        await server.serve_forever()
asyncio.run(main())
"""


class Front:
    """The running nginx: where it listens, what it logged, and how to ask it something."""

    def __init__(self, folder, **knobs):
        self.folder, (self.port, self.tls_port) = folder, free_ports(2)
        (folder / "static").mkdir(exist_ok=True)
        blocks = "upstream web { server unix:%s/web.sock; } upstream ws { server unix:%s/ws.sock; }"
        (folder / "upstreams.conf").write_text(blocks % (folder, folder))
        self.env = os.environ | {
            "NGINX_RUN": str(folder / "run"),
            "NGINX_LISTEN": f"127.0.0.1:{self.port}",
            "NGINX_LISTEN_TLS": f"127.0.0.1:{self.tls_port}",
            "PORT_TLS": str(self.tls_port),
            "NGINX_UPSTREAMS": str(folder / "upstreams.conf"),
            "WEB_UPSTREAM": "web",
            "WS_UPSTREAM": "ws",
            "STATIC_ROOT": str(folder / "static"),
            **knobs,
        }
        self.log = (folder / "log").open("w")
        self.started = [self.start([ROOT / "nginx/start"])]

    def is_up(self):
        assert self.started[0].poll() is None, (self.folder / "log").read_text()
        pid = self.folder / "run/nginx.pid"
        return pid.exists() and pid.read_text().strip()

    def start(self, command):
        return subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log)

    def start_web(self):
        (self.folder / "web.py").write_text(WEB)
        place = self.folder / "web.sock"
        uwsgi = Path(sys.executable).parent / "uwsgi"
        self.started += [
            self.start(
                [
                    uwsgi,
                    "--socket",
                    place,
                    "--wsgi-file",
                    self.folder / "web.py",
                    "--need-app",
                    "--die-on-term",
                ]
            )
        ]
        until(lambda: self.ask("/").status == 200, "it is up")

    def start_ws(self):
        (self.folder / "ws.py").write_text(WS)
        self.started += [self.start([sys.executable, self.folder / "ws.py", self.folder / "ws.sock"])]
        until((self.folder / "ws.sock").exists, "it is up")

    def ask(self, path, method="GET", headers=None, body=None):
        """Return the answer; its body is in `text`, and as a dict in `environ` where it is the stand-in's."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        answer.environ = json.loads(answer.text) if answer.text.startswith("{") else {}
        connection.close()
        return answer

    def stop(self):
        for process in self.started:
            process.terminate()
        for process in self.started:
            process.wait(15)


@pytest.fixture
def front(tmp_path_factory):
    """Return a function that starts nginx with the given knobs."""
    if not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
        pytest.skip("nginx is not installed")
    fronts = []

    def start(**knobs):
        fronts.append(Front(tmp_path_factory.mktemp("n"), **knobs))
        until(lambda: fronts[-1].is_up(), "it is up")
        return fronts[-1]

    yield start
    for one in fronts:
        one.stop()
