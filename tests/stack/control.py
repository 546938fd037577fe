"""The hands of a test on the running stack: make's own verbs, and what no verb does, such as killing."""

import contextlib
import json
import os
import signal
import subprocess
import time

import pytest

from tests.settings import GIVEN
from tests.site import ROOT, until


def stack_of(site):
    """Return the hands for the mode that the site runs in."""
    return {"containers": Containers, "native": Native, "one process": OneProcess}[site.mode](site)


def run(*command, **options):
    """Return what a command prints; raises with its words where it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Stack:
    """What both modes share; a replica is the name by which its mode knows one ws process."""

    def __init__(self, site):
        self.site = site
        # As given to pytest: without the test settings' own variables, and those of a `make test` around.
        self.env = {name: value for name, value in GIVEN.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
        self.env |= {"MODE": site.mode, "PORT_TLS" if site.secure else "PORT": str(site.port)}

    def make(self, *arguments):
        return run("make", *arguments, env=self.env)

    def scale(self, count):
        self.make("scale", f"WS={count}")
        until(lambda: len(self.replicas()) == count, f"{count} replicas")

    def sockets(self):
        """Return {replica: its open sockets}."""
        return {replica: self.sockets_of(replica) for replica in self.replicas()}

    @contextlib.contextmanager
    def no_traceback(self):
        """Fail if the stack logs a traceback meanwhile."""
        began = self.log_mark()
        yield
        log = self.log_since(began)
        assert "Traceback" not in log, log[log.index("Traceback") - 1000 :][:5000]


class OneProcess(Stack):
    """Our own `manage.py run`; natively the stack has one log, too."""

    def __init__(self, site):
        super().__init__(site)
        self.log = site.log or ROOT / "var/log/partyline.log"

    def log_mark(self):
        return self.log.stat().st_size

    def log_since(self, mark):
        with self.log.open("rb") as log:
            log.seek(mark if mark <= self.log.stat().st_size else 0)  # it was rotated
            return log.read().decode(errors="replace")


class Containers(Stack):
    """Through the Docker engine."""

    def ids(self, service, *options):
        project = self.env.get("COMPOSE_PROJECT_NAME") or "partyline"
        labels = [
            f"label=com.docker.compose.project={project}",
            f"label=com.docker.compose.service={service}",
        ]
        filters = [part for label in labels for part in ("--filter", label)]
        return run("docker", "ps", "-q", *filters, *options).split()

    def inspect(self, container):
        return json.loads(run("docker", "inspect", container))[0]

    def inside(self, container, *command):
        return run("docker", "exec", container, *command)

    def replicas(self):
        return self.ids("ws")

    def metrics_of(self, service):
        """Return the addresses at which a service's processes tell their metrics."""
        networks = [self.inspect(one)["NetworkSettings"]["Networks"].values() for one in self.ids(service)]
        return [f"{network['IPAddress']}:9100" for found in networks for network in found]

    def sockets_of(self, replica):
        rows = [line.split() for line in self.inside(replica, "cat", "/proc/net/tcp").splitlines()[1:]]
        return sum(row[1].endswith(f":{8001:04X}") and row[3] == "01" for row in rows)  # 01: established

    def kill(self, replica):
        run("docker", "kill", "--signal", "KILL", replica)

    def revive(self, replica):
        run("docker", "start", replica)  # docker takes a kill of its own for a wish, and restarts nothing

    @contextlib.contextmanager
    def without_web(self):
        containers = self.ids("web")
        run("docker", "stop", *containers)
        try:
            yield
        finally:
            run("docker", "start", *containers)

    def health(self):
        """Return {service: "healthy" or what else}."""
        states = {}
        for service in ("nginx", "web", "ws", "worker", "redis", "db"):
            found = [self.inspect(one)["State"] for one in self.ids(service)]
            states |= {f"{service}-{n}": state["Health"]["Status"] for n, state in enumerate(found, 1)}
            if not found:
                states[service] = "not there"
        return states

    def web_commands(self):
        return "".join(run("docker", "top", one) for one in self.ids("web"))

    def log_mark(self):
        return time.time()

    def log_since(self, mark, services=("nginx", "web", "ws", "worker")):
        each = [one for service in services for one in self.ids(service, "-a")]
        merged = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return "".join(
            subprocess.run(["docker", "logs", "--since", f"{mark:.3f}", one], **merged).stdout for one in each
        )


class Native(OneProcess):
    """Through the supervisor's state file, and /proc."""

    @property
    def children(self):
        return json.loads((ROOT / "var/run/state.json").read_text())["children"]

    def replicas(self):
        return [name for name in self.children if name.startswith("ws-")]

    def metrics_of(self, service):
        """Return the addresses at which they tell their metrics, as docs/settings.md has it."""
        offsets = {"nginx": [0], "web": [1], "worker": [3]}
        offsets["ws"] = [10 + int(name.removeprefix("ws-")) for name in self.replicas()]
        first = int(self.env.get("METRICS_PORT") or 0)
        if not first:
            pytest.skip("natively METRICS_PORT makes the stack tell its metrics: it is not set")
        return [f"127.0.0.1:{first + offset}" for offset in offsets[service]]

    def sockets_of(self, replica):
        rows = [line.split() for line in open("/proc/net/unix").read().splitlines()[1:]]
        place = f"/{replica}.sock"
        return sum(
            len(row) == 8 and row[7].endswith(place) and row[5] == "03" for row in rows
        )  # 03: connected

    def kill(self, replica):
        os.kill(self.children[replica]["pid"], signal.SIGKILL)

    def revive(self, replica):
        """Leave it to the supervisor."""

    @contextlib.contextmanager
    def without_web(self):
        """Kill it: the supervisor starts it again at once, which takes seconds."""
        os.kill(self.children["web"]["pid"], signal.SIGKILL)
        yield

    def health(self):
        rows = [line.split(maxsplit=3) for line in self.make("ps").splitlines()]
        return {row[0]: row[3] for row in rows if row and row[0] in self.children}

    def web_commands(self):
        return run("ps", "-o", "args=", "-g", str(self.children["web"]["pid"]))
