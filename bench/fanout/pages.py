"""HTTP: our pages beside the same views without our middleware, and static files beside plain nginx."""

import http.client
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.lab import cpu
from bench.shell import ROOT, StackError, until

from .programs import Programs, free_port

REQUESTS = 500  # of a page; ten times as many of a file
UWSGI = "--master --need-app --single-interpreter --enable-threads --disable-logging --die-on-term"
PLAIN = """
daemon off; pid {folder}/plain.pid; error_log stderr error; worker_processes 1; {user}
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; uwsgi_temp_path {folder}/u;
    fastcgi_temp_path {folder}/f; scgi_temp_path {folder}/s;
    access_log off; sendfile on;
    types {{ text/css css; }}
    server {{ listen 127.0.0.1:{port}; location /static/ {{ alias {folder}/static/; }} }}
}}
"""


@dataclass(frozen=True)
class Way:
    """One line of the table: what is asked, and of which of the servers."""

    name: str
    server: str
    path: str
    times: int = 1  # REQUESTS


WAYS = [
    Way("list of rooms", "ours", "/"),
    Way("list of rooms, bare", "bare", "/"),
    Way("a room", "ours", "/rooms/{room}/"),
    Way("a room, bare", "bare", "/rooms/{room}/"),
    Way("an empty view in an empty Django", "empty", "/"),
    Way("a static file", "nginx", "/static/bench.css", 10),
    Way("a static file, plain nginx", "plain", "/static/bench.css", 10),
]


def measure(bench):
    """Return {name: CPU seconds of a request} of one round, each on a server of its own core."""
    return {way.name: cost(bench, way) for way in WAYS}


def cost(bench, way):
    """Start what serves it, ask it often, and return the CPU seconds of a request."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(dir=bench.folder)))
        (folder / "static").mkdir()
        (folder / "static/bench.css").write_text("a { color: red }\n" * 500)
        programs = stack.enter_context(Programs(folder, bench.cores, bench.environment))
        port, pid = START[way.server](bench, programs, folder)
        ask = Asker(port, way.path.format(room=bench.keys[0].partition(":")[2]), bench.sessions[0])
        ask.times(20)
        before = cpu.seconds(pid)
        ask.times(REQUESTS * way.times)
        return (cpu.seconds(pid) - before) / REQUESTS / way.times


class Asker:
    """One browser that is signed in, with one connection."""

    def __init__(self, port, path, session):
        self.connection, self.path = http.client.HTTPConnection("127.0.0.1", port, timeout=20), path
        self.headers = {"Cookie": f"sessionid={session}", "Accept-Encoding": "identity"}

    def times(self, number):
        """Ask so often, and see the page each time."""
        for _ in range(number):
            self.connection.request("GET", self.path, headers=self.headers)
            answer = self.connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise StackError(f"{self.path}: {answer.status}")


def ours(bench, programs, folder):
    """Our web service by its own start script, one process and thread, behind our nginx on the other core."""
    place, port = folder / "web.sock", free_port()
    env = {"WEB_BIND": str(place), "WEB_PROCESSES": "1", "WEB_THREADS": "1", "PYTHON": str(bench.python)}
    process = programs.start(ROOT / "services/web/start", serves=True, env=env)
    front(programs, folder, port, place)
    return port, process.pid


def bare(bench, programs, folder, application="bench.fanout.bare:application"):
    """uWSGI with an application of ours, the same way."""
    place, port = folder / "web.sock", free_port()
    uwsgi = [bench.python.parent / "uwsgi", *UWSGI.split(), "--buffer-size", "65535", "--socket", place]
    process = programs.start(*uwsgi, "--module", application, serves=True)
    front(programs, folder, port, place)
    return port, process.pid


def empty(bench, programs, folder):
    return bare(bench, programs, folder, "bench.fanout.empty:application")


def nginx(bench, programs, folder):
    """Our nginx alone, one worker."""
    port = free_port()
    return port, front(programs, folder, port, None, serves=True).pid


def front(programs, folder, port, place, serves=False):
    """Start our nginx before the socket of web, and return its process."""
    upstreams = folder / "upstreams.conf"
    web = f"unix:{place}" if place else "127.0.0.1:1"
    upstreams.write_text(f"upstream web {{ server {web}; }}\nupstream ws {{ server 127.0.0.1:1; }}\n")
    env = {
        "NGINX_RUN": str(folder / "nginx"),
        "NGINX_LISTEN": f"127.0.0.1:{port}",
        "NGINX_UPSTREAMS": str(upstreams),
        "WEB_UPSTREAM": "web",
        "WS_UPSTREAM": "ws",
        "STATIC_ROOT": str(folder / "static"),
        "NGINX_WORKERS": "1",
    }
    process = programs.start(ROOT / "nginx/start", serves=serves, env=env)
    programs.listens(port)
    if place:
        until(place.exists, "web listens", 30)
    return process


def plain(bench, programs, folder):
    """nginx with hardly any configuration."""
    port, user = free_port(), "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "plain.conf"
    configuration.write_text(PLAIN.format(folder=folder, port=port, user=user))
    process = programs.start("nginx", "-e", "stderr", "-p", folder, "-c", configuration, serves=True)
    programs.listens(port)
    return port, process.pid


START = {"ours": ours, "bare": bare, "empty": empty, "nginx": nginx, "plain": plain}
