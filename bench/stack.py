"""The hands on the running stack of this checkout: find it, see how it is, hurt it, read its database."""

import contextlib
import csv
import io
import json
import os
import signal
import socket
import sqlite3
import time
from pathlib import Path

from . import kubernetes
from .shell import ROOT, StackError, run, until

SERVICES = ("nginx", "web", "ws", "worker", "redis", "db")


def make(verb, *arguments):
    """Run a verb of the Makefile, in the environment that the drill was given."""
    return run("make", verb, *arguments)


def find():
    """Return the hands for the stack that runs here, or in the cluster; raises StackError where none does."""
    if os.environ.get("K8S", "0") not in ("", "0"):
        return kubernetes.find()
    shown = make("ps")
    address = next((line for line in reversed(shown.splitlines()) if line.startswith("http")), "")
    if not address:
        raise StackError("nothing runs here: `make up` starts it")
    native = shown.lstrip().startswith("NAME ") and " RESTARTS " in shown
    return (Native if native else Containers)(address.split()[0].rstrip("/"))


class Checkout:
    """What `make` does, in containers and natively alike."""

    rolled = ("ws", "web", "worker", "nginx")
    unnoticed = ("ws", "web", "worker")  # in their rolls no page request fails; two nginx cannot share a port
    probed = ("ws", "worker")  # what /readyz does not tell of
    undone, drains, left_out = (), False, ()
    steps = None  # no numbers of its own: one more, one less
    glance = 0.1  # seconds between two looks
    patience = 120.0  # seconds in which a service must be well again
    per_kind = 15.0  # a drill of that many seconds for each kind of fault must have had them all

    def __init__(self, url):
        self.url, self.before = url, 0

    def wanted(self, service, before):
        """Return how many processes should run of a service that had `before`."""
        return before

    def scale(self, count):
        """Have so many ws processes."""
        self.before = self.before or len(self.processes("ws"))
        make("scale", f"WS={count}")
        until(lambda: len(self.processes("ws")) == count, f"{count} of ws", self.patience)

    def roll(self, service):
        """Replace every process of a service, one after the other."""
        make("roll", f"S={service}")

    def put_back(self):
        """Have as many ws processes as before."""
        if self.before and len(self.processes("ws")) != self.before:
            make("scale", f"WS={self.before}")


class Containers(Checkout):
    """Through the Docker engine; a process is the id of a container."""

    mode = "containers"
    services = SERVICES

    def __init__(self, url):
        super().__init__(url)
        project = os.environ.get("COMPOSE_PROJECT_NAME") or "partyline"
        self.label = f"label=com.docker.compose.project={project}"

    def processes(self, service):
        """Return the running processes of a service."""
        only = f"label=com.docker.compose.service={service}"
        return run("docker", "ps", "-q", "--no-trunc", "--filter", self.label, "--filter", only).split()

    def lives(self, service):
        """Return {process: what changes when it is started anew}."""
        found = self.processes(service)
        rows = run("docker", "inspect", "-f", "{{.Id}} {{.State.StartedAt}}", *found) if found else ""
        return dict(line.split() for line in rows.splitlines())

    def kill(self, process):
        """Kill it with -9, and start it as a restart policy would: docker takes a kill by hand for a wish."""
        run("docker", "kill", "--signal", "KILL", process)
        run("docker", "start", process)

    def stop(self, process):
        """Stop it gracefully, and start it again."""
        run("docker", "stop", process)
        run("docker", "start", process)

    def pause(self, process, seconds):
        run("docker", "pause", process)

    def unpause(self, process):
        run("docker", "unpause", process)

    def healthy(self, service):
        """Tell whether every process of a service answers its own health check now."""
        return all(self._probe(service, process) for process in self.processes(service))

    def _probe(self, service, process):
        test = json.loads(run("docker", "inspect", "-f", "{{json .Config.Healthcheck.Test}}", process))
        command = ["sh", "-c", *test[1:]] if test[0] == "CMD-SHELL" else test[1:]
        try:
            run("docker", "exec", process, *command, seconds=20)
        except StackError:
            return False
        return True

    def redis(self, *command):
        """Return what Redis answers to a command, as text for people."""
        script = 'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" exec redis-cli "$@"'
        return run("docker", "exec", self.processes("redis")[0], "sh", "-c", script, "sh", *command)

    def rows(self, sql):
        """Return the rows of a query, as texts."""
        command = ["psql", "-X", "-q", "--csv", "-t", "-v", "ON_ERROR_STOP=1", "-U", "partyline", "-c", sql]
        shown = run("docker", "exec", self.processes("db")[0], *command)
        return [tuple(row) for row in csv.reader(io.StringIO(shown))]


class Native(Checkout):
    """Through the supervisor's state file, and signals; a process is the name of a child."""

    mode = "native"
    services = tuple(service for service in SERVICES if service != "db")

    @property
    def state(self):
        return json.loads((ROOT / "var/run/state.json").read_text())

    @property
    def children(self):
        return self.state["children"]

    def processes(self, service):
        names = [name for name in self.children if name.partition("-")[0] == service]
        return [name for name in names if self.children[name]["pid"]]

    def lives(self, service):
        return {name: self.children[name]["born"] for name in self.processes(service)}

    def kill(self, process):
        """Kill it with -9: the supervisor starts it again."""
        os.kill(self.children[process]["pid"], signal.SIGKILL)

    def stop(self, process):
        """Stop it gracefully, as the supervisor does: it is started again. nginx has a second."""
        child = self.children[process]
        os.kill(child["pid"], signal.SIGQUIT if process == "nginx" else signal.SIGTERM)
        if process == "nginx":
            time.sleep(1)
            if self.children[process]["born"] == child["born"]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child["pid"], signal.SIGKILL)

    def pause(self, process, seconds):
        os.kill(self.children[process]["pid"], signal.SIGSTOP)

    def unpause(self, process):
        os.kill(self.children[process]["pid"], signal.SIGCONT)

    def healthy(self, service):
        rows = [line.split() for line in make("ps").splitlines() if line.startswith(service)]
        return bool(rows) and all(row[-1] == "healthy" and row[-2] != "not" for row in rows)

    def redis(self, *command):
        password = (ROOT / ".secrets/redis_password").read_text().strip()
        place = Path(self.state["control"]).with_name("redis.sock")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(place))
            for words in (("AUTH", password), command, ("QUIT",)):
                parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
                client.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return b"".join(iter(lambda: client.recv(4096), b"")).decode()

    def rows(self, sql):
        environ = Path(f"/proc/{self.children['web']['pid']}/environ").read_text().split("\0")
        url = dict(line.partition("=")[::2] for line in environ)["DATABASE_URL"]
        if not url.startswith("sqlite:///"):
            raise StackError(f"natively the drill reads SQLite, not {url.partition(':')[0]}")
        place = ROOT / url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=30)) as database:
            return [tuple(map(str, row)) for row in database.execute(sql)]
