"""What is compared: how each system is started for a turn, how one reads there, and who publishes."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.shell import ROOT

from .programs import free_port

HERE = Path(__file__).parent
NPM = ROOT / "var" / "bench" / "npm"
NCHAN = "ngx_nchan_module.so"
MODULES = ("/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules")


@dataclass
class Served:
    """A started system: process ids, its port, how client number n reads room r there, and who publishes.

    `client(n, r, cursor)` returns (path, headers, first frame); it is live once a frame holds `ready`.
    """

    port: int
    pids: list
    client: Callable
    publisher: list
    publisher_env: dict = field(default_factory=dict)
    ready: str = ""
    ping: str = ""
    pong: str = ""
    front: list = field(default_factory=list)  # nginx before it


@dataclass(frozen=True)
class System:
    """One line of the tables; missing() says in words why it cannot be compared here, or nothing."""

    key: str
    name: str
    start: Callable
    missing: Callable = lambda: ""
    keeps: bool = False  # entries are written to the database, numbered, and can be resumed
    without: tuple = ()  # figures that it cannot be asked for
    most: int = 0  # clients, above which it is left out: nothing new


def at(path):
    """Return a client that just opens a path; {} is its room."""
    return lambda number, room, cursor: (path.format(room), "", "")


def partyline(bench, programs):
    """Our ws service by its own start script, with signed-in readers."""
    port = free_port()
    bind = {"WS_BIND": f"tcp:{port}:interface=127.0.0.1:backlog=4096", "PYTHON": str(bench.python)}
    process = programs.start(ROOT / "services/ws/start", serves=True, env=bind)
    programs.listens(port)
    return ours(bench, port, [process.pid])


def partyline_behind_nginx(bench, programs):
    """The same behind our nginx, one worker of it, on the same core."""
    served, port = partyline(bench, programs), free_port()
    upstreams = programs.folder / "upstreams.conf"
    upstreams.write_text(
        f"upstream ws {{ server 127.0.0.1:{served.port}; }}\nupstream web {{ server 127.0.0.1:1; }}\n"
    )
    front = {
        "NGINX_RUN": str(programs.folder / "nginx"),
        "NGINX_LISTEN": f"127.0.0.1:{port}",
        "NGINX_UPSTREAMS": str(upstreams),
        "WEB_UPSTREAM": "web",
        "WS_UPSTREAM": "ws",
        "STATIC_ROOT": str(programs.folder),
        "NGINX_WORKERS": "1",
        "CONNECTIONS_PER_CLIENT": "60000",
    }
    process = programs.start(ROOT / "nginx/start", serves=True, env=front)
    programs.listens(port)
    behind = ours(bench, port, served.pids)
    behind.front = [process.pid]
    return behind


def ours(bench, port, pids):
    """Return our site as served there."""

    def client(number, room, cursor):
        headers = f"Origin: http://127.0.0.1:{port};;Cookie: sessionid={bench.sessions[number]}"
        streams = {bench.keys[room]: cursor or {"epoch": "", "seq": 0}}
        return "/ws/live/", headers, json.dumps({"type": "resume", "streams": streams})

    publisher = [bench.python, "-m", "bench.fanout.publish_ours", ",".join(bench.keys)]
    return Served(port, pids, client, publisher, ready='"resumed"')


def tutorial(layer, server):
    """Return what starts the tutorial's chat on that channel layer, under that server."""

    def start(bench, programs):
        port, application = free_port(), "bench.fanout.tutorial:application"
        env = {"LAYER": layer}
        if server == "daphne":
            where = ["-e", f"tcp:{port}:interface=127.0.0.1:backlog=4096", "-v", "0"]
        else:
            where = ["--host", "127.0.0.1", "--port", port, "--backlog", "4096", "--log-level", "warning"]
        process = programs.start(bench.python, "-m", server, *where, application, serves=True, env=env)
        programs.listens(port)
        publisher = [bench.python, "-m", "bench.fanout.publish_tutorial"]
        return Served(port, [process.pid], at("/ws/chat/{}/"), publisher, env)

    return start


def socketio(bench, programs):
    """Socket.IO with its Redis adapter; its emitter publishes."""
    port = free_port()
    process = programs.start("node", NPM / "server.js", port, bench.redis, serves=True, cwd=NPM)
    programs.listens(port)

    def client(number, room, cursor):
        return f"/socket.io/?EIO=4&transport=websocket&room={room}", "", "40"

    publisher = ["node", NPM / "publish.js", bench.redis]
    return Served(port, [process.pid], client, publisher, ready="40{", ping="2", pong="3")


def node_is_missing():
    """Install what package-lock.json names, at first; say what keeps it from that."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node or npm is not installed: apt-get install nodejs npm"
    NPM.mkdir(parents=True, exist_ok=True)
    lock, stamp = HERE / "npm/package-lock.json", NPM / "installed.lock"
    shutil.copytree(HERE / "npm", NPM, dirs_exist_ok=True)
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        print("bench: installing what package-lock.json names", flush=True)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=NPM, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            return f"npm cannot install it: {done.stderr.strip()[-300:]}"
        shutil.copy(lock, stamp)
    return ""


def nchan(bench, programs):
    """nginx with nchan's module; a POST publishes."""
    port = free_port()
    words = {
        "module": nchan_module(),
        "folder": programs.folder,
        "port": port,
        "user": "user root;" if os.geteuid() == 0 else "",
    }
    text = (HERE / "nchan.conf").read_text()
    for name, value in words.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    configuration = programs.folder / "nchan.conf"
    configuration.write_text(text)
    command = ["nginx", "-e", "stderr", "-p", programs.folder, "-c", configuration]
    process = programs.start(*command, serves=True)
    programs.listens(port)
    publisher = [bench.python, "-m", "bench.fanout.publish_http", port]
    return Served(port, [process.pid], at("/sub/{}"), publisher)


def nchan_module():
    """Return the path of nchan's module, or None."""
    return next((file for folder in MODULES if (file := Path(folder) / NCHAN).exists()), None)


def nchan_is_missing():
    return "" if nchan_module() else "nchan is not installed: apt-get install nginx libnginx-mod-nchan"


def nginx_is_missing():
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    return "" if found else "nginx is not installed: apt-get install nginx"


def limit(coalesces):
    """Return what starts limit.c; coalescing, as far as Partyline did in this round: like for like."""

    def start(bench, programs):
        port, publishing = free_port(), free_port()
        lines = bench.joined if coalesces else 1
        process = programs.start(bench.compiled / "limit", port, publishing, lines, serves=True)
        programs.listens(port)
        publisher = [bench.python, "-m", "bench.fanout.publish_tcp", publishing]
        return Served(port, [process.pid], at("/{}"), publisher)

    return start


SLOW = {"without": ("quick",)}  # a line to 1,000 clients takes it a fourth of a second and more
SYSTEMS = [
    System("partyline", "Partyline", partyline, keeps=True),
    System("partyline-nginx", "Partyline behind nginx", partyline_behind_nginx, nginx_is_missing, True),
    System("tutorial", "Tutorial: Daphne, core layer", tutorial("core", "daphne"), **SLOW),
    System(
        "tutorial-pubsub", "Tutorial: Daphne, pubsub layer", tutorial("pubsub", "daphne"), most=1000, **SLOW
    ),
    System(
        "tutorial-uvicorn",
        "Tutorial: uvicorn, pubsub layer",
        tutorial("pubsub", "uvicorn"),
        most=1000,
        **SLOW,
    ),
    System("socketio", "Socket.IO, Redis adapter", socketio, node_is_missing),
    System("nchan", "nchan", nchan, nchan_is_missing),
    System("limit", "C, one send() each: the limit", limit(coalesces=False)),
    System(
        "limit-coalesced",
        "C, coalescing",
        limit(coalesces=True),
        without=("single", "latency", "quick"),  # it would wait for more lines
    ),
]
NAMES = {system.key: system.name for system in SYSTEMS}
