"""The parts of the stack as they run on this machine: commands, environment, sockets, probes.

Everything but nginx's own ports listens on unix sockets in one private directory, so no other port can be
taken. The environment and the start scripts (services/*/start, nginx/start) are those of the containers.
"""

import contextlib
import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field

from common import ROOT, SECRETS, VAR, knob, knobs, number, ports, reachable, tls_files

PYTHON = ROOT / ".venv" / "bin" / "python"


@dataclass
class Part:
    """What is started under a name, how one asks after its health, and how it stops."""

    name: str
    command: list
    env: dict
    probe: object = None  # () -> bool
    stop: int = signal.SIGTERM
    patience: float = 30  # seconds that it has for a graceful stop
    stale: list = field(default_factory=list)  # paths that a dead one leaves in the way of the next
    door: object = None  # the path of the socket at which nginx looks for it


def environment(paths):
    """Return the environment of all parts: every knob that somebody set, and what this machine gives."""
    env = knobs()
    env["PATH"] = os.pathsep.join((str(PYTHON.parent), env.get("PATH", os.defpath), "/usr/sbin"))
    env |= {
        "DJANGO_SETTINGS_MODULE": "partyline.settings",
        "PYTHON": str(PYTHON),
        "PYTHONUNBUFFERED": "1",
        "STATIC_ROOT": str(VAR / "static"),
        "WORKER_HEARTBEAT_FILE": str(paths.run / "worker.heartbeat"),
    }
    if tls_files():
        env["HTTPS"] = "true"
    defaults = {
        "DATABASE_URL": "sqlite:///var/partyline.sqlite3",
        "REDIS_URL": f"unix://{paths.socket('redis')}",
        "SECRET_KEY_FILE": str(SECRETS / "django_secret_key"),
        "REDIS_PASSWORD_FILE": str(SECRETS / "redis_password"),
    }
    if env.get("DATABASE_URL", "").startswith("postgres"):
        defaults["DATABASE_PASSWORD_FILE"] = str(SECRETS / "db_password")
    for name, value in defaults.items():
        if not env.get(name) and not env.get(name.removesuffix("_FILE")):
            env[name] = value
    return env


def told(name):
    """Return the environment by which a part tells its metrics, each on its own port from METRICS_PORT on."""
    first = number("METRICS_PORT", 0, least=0, most=65000)
    service, _, count = name.partition("-")
    offset = {"nginx": 0, "web": 1, "worker": 3, "ws": 10}[service] + int(count or 0)
    return {"METRICS_BIND": f"127.0.0.1:{first + offset}" if first else ""}  # never for the world


def nginx_tells(paths):
    """Return where nginx tells its metrics: beside those of the others, else on a socket."""
    return told("nginx")["METRICS_BIND"] or f"unix:{paths.socket('nginx')}"


def asked(name, env, *place):
    """Return a probe by the command that the containers' health checks use."""
    command = [PYTHON, ROOT / "services" / "probe.py", name, *place]

    def probe():
        with contextlib.suppress(subprocess.TimeoutExpired):
            return subprocess.run(command, env=env, capture_output=True, timeout=10).returncode == 0
        return False

    return probe


def before(paths):
    """Return what must have ended well before anybody serves."""
    manage, env = [PYTHON, "manage.py"], environment(paths)
    collect = [*manage, "collectstatic", "--noinput", "--verbosity=0"]
    return [Part("migrate", [*manage, "migrate", "--noinput"], env), Part("static", collect, env)]


def redis(paths):
    """Redis with the containers' configuration, but on a socket; None where REDIS_URL names another one."""
    place = paths.socket("redis")
    if knob("REDIS_URL"):
        return None
    command = ["redis-server", ROOT / "redis/redis.conf", "--include", SECRETS / "redis_auth.conf"]
    command += ["--port", "0", "--unixsocket", place, "--unixsocketperm", "600", "--dir", paths.run]

    def probe():
        password = (SECRETS / "redis_password").read_text().strip()
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(2)
            client.connect(str(place))
            client.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            return b"+PONG" in b"".join(iter(lambda: client.recv(100), b""))
        return False

    return Part("redis", command, environment(paths), probe, stale=[place])


def web(paths, name="web"):
    """uWSGI, or gunicorn; a request in flight may take 60 s."""
    place = paths.socket(name)
    env = environment(paths) | told(name)
    env |= {"WEB_BIND": str(place), "METRICS_DIR": str(paths.run / f"{name}-metrics")}
    command, probe = [ROOT / "services/web/start"], asked("web", env, str(place), "--ready")
    return Part(name, command, env, probe, patience=65, stale=[place], door=place)


def ws(paths, name):
    """One Daphne; it drains before it ends."""
    place = paths.socket(name)
    escaped = str(place).replace(":", "\\:")
    env = environment(paths) | told(name) | {"WS_BIND": f"unix:{escaped}:mode=660:backlog=1024"}
    patience = float(env.get("WS_DRAIN_SECONDS") or 10) + 10
    command, probe = [ROOT / "services/ws/start"], asked("ws", env, str(place), "--ready")
    # Twisted keeps a lock beside the socket that names the owner's pid, which by now may be anybody's.
    stale = [place, place.with_name(f"{place.name}.lock")]
    return Part(name, command, env, probe, patience=patience, stale=stale, door=place)


def worker(paths):
    """The worker, known to live by its heartbeat file."""
    env = environment(paths) | told("worker") | {"NGINX_METRICS": nginx_tells(paths)}
    heartbeat = paths.run / "worker.heartbeat"
    return Part("worker", [ROOT / "services/worker/start"], env, asked("worker", env), stale=[heartbeat])


def spare(service):
    """Return the name of the process that serves only while a service is rolled."""
    return f"{service}-0"


def upstreams(paths, ws_names):
    """Return nginx's upstream blocks: the socket of web, and those of ws, the least used first.

    The spares stand in them always, because a roll must not need a reload.
    """
    blocks = {"web": ["web"], "ws": ws_names}
    lines = []
    for name, members in blocks.items():
        servers = [f"    server unix:{paths.socket(member)} max_fails=0;" for member in members]
        servers.append(f"    server unix:{paths.socket(spare(name))} max_fails=0 backup;")
        lines += [f"upstream {name} {{", f"    zone {name} 64k;", "    least_conn;", *servers, "}"]
    return "\n".join(lines) + "\n"


def nginx(paths):
    """The containers' nginx; the names behind it stand in a file of upstream blocks."""
    bind, listening, tls = knob("BIND", "127.0.0.1"), ports(), tls_files()
    env = environment(paths) | {
        "METRICS_BIND": nginx_tells(paths),
        "NGINX_RUN": str(paths.run / "nginx"),
        "NGINX_UPSTREAMS": str(paths.upstreams),
        "NGINX_LISTEN": f"{bind}:{listening['PORT']}",
        "NGINX_CUT_AFTER": "1d",
        "WEB_UPSTREAM": "web",
        "WS_UPSTREAM": "ws",
    }
    if tls:
        env |= {"NGINX_LISTEN_TLS": f"{bind}:{listening['PORT_TLS']}", "PORT_TLS": str(listening["PORT_TLS"])}
        env |= {"TLS_CERT": str(tls[0]), "TLS_KEY": str(tls[1])}

    def probe():
        where = reachable().strip("[]"), listening["PORT"]
        with contextlib.suppress(OSError), socket.create_connection(where, 3) as door:
            door.sendall(b"GET /healthz/nginx HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b" 200 " in door.recv(100)
        return False

    # A reload (`make scale`) leaves open sockets where they are; a stop cuts them when its patience ends.
    stale = [paths.socket("nginx")]
    return Part("nginx", [ROOT / "nginx/start"], env, probe, stop=signal.SIGQUIT, patience=1, stale=stale)


def named(paths, name):
    """Return the part of that name."""
    service = name.partition("-")[0]
    return globals()[service](paths, name) if service in ("ws", "web") else globals()[name](paths)
