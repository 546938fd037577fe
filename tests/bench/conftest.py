"""A cluster that is not there, behind a kubectl of ours, and a door that tells how it is."""

import http.server
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from bench import kubernetes, shell, stack
from bench.people import Site
from tests.bench import kubectl_stub

STUB = Path(kubectl_stub.__file__)
NUMBERS = {"nginx": 2, "web": 2, "ws": 2, "worker": 1, "redis": 1, "db": 1}


class Cluster:
    """What the stub's state is at first: two nodes, the database on the first, everything ready."""

    def __init__(self, folder, port):
        self.file = folder / "state.json"
        self.write(
            pods=[], asked=[], fails={}, redis=[], stuck=[], count=0, home="node-1", memory="512Mi",
            oom_kills=True, says="[]", away_until=0,
            nodes=[self.node("node-1", "127.0.0.1"), self.node("node-2", "127.0.0.2")],
            hpa=[self.scaler(name, 2 if name != "worker" else 1, 6) for name in kubernetes.APP],
            work={name: self.workload(name, number) for name, number in NUMBERS.items()},
            service={
                "spec": {"type": "NodePort", "ports": [{"name": "http", "port": 80, "nodePort": port}]},
                "status": {},
            },
        )  # fmt: skip

    @staticmethod
    def node(name, address):
        return {
            "metadata": {"name": name},
            "spec": {},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "addresses": [{"type": "InternalIP", "address": address}],
            },
        }

    @staticmethod
    def scaler(name, least, most):
        spec = {"scaleTargetRef": {"name": name}, "minReplicas": least, "maxReplicas": most}
        return {"metadata": {"name": name}, "spec": spec}

    @staticmethod
    def workload(name, number):
        kind = "StatefulSet" if name in kubernetes.STORES else "Deployment"
        spec = {"replicas": number, "template": {"metadata": {}}}
        return {"kind": kind, "metadata": {"name": name}, "spec": spec, "release": 1}

    def read(self):
        return json.loads(self.file.read_text())

    def write(self, **changes):
        state = self.read() if self.file.exists() else {}
        self.file.write_text(json.dumps(state | changes))

    def fail(self, start, words="Error from server: not now", times=99):
        """Let calls that begin so fail, so many times."""
        self.write(fails=self.read()["fails"] | {start: [words, times]})

    def asked(self, start=""):
        return [line for line in self.read()["asked"] if line.startswith(start)]

    def limits(self):
        return {each["metadata"]["name"]: each["spec"] for each in self.read()["hpa"]}

    def cordoned(self):
        return [n["metadata"]["name"] for n in self.read()["nodes"] if n["spec"].get("unschedulable")]

    def settle(self):
        """Let so many moments pass that everything is ready."""
        state = self.read()
        for _ in range(12):
            kubectl_stub.arrive(state)
        self.write(**state)

    def find(self):
        """Return the hands on it."""
        found = stack.find()
        found.site = Site(found.url)
        return found


@pytest.fixture
def door():
    """A server that is the site's door at every node: its /readyz."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            away = self.server.cluster and self.server.cluster.read()["away_until"] > time.time()
            body = {"status": "ready", "database": "ok", "redis": "away" if away else "ok"}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("", 0), Door)
    server.cluster = None
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def cluster(tmp_path, monkeypatch, door):
    """A cluster in which the site runs and is well."""
    (tmp_path / "bin").mkdir()
    stub = tmp_path / "bin/kubectl"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -SE {STUB} "$@"\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CLUSTER", str(tmp_path))
    monkeypatch.setenv("K8S", "1")
    for name in ("K8S_URL", "K8S_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("bench.kubernetes.Kubernetes.glance", 0.01)
    monkeypatch.setattr("bench.kubernetes.Kubernetes.patience", 60.0)
    monkeypatch.setattr("bench.kubernetes.DOOR_SECONDS", 2)
    monkeypatch.setattr("bench.kubernetes.STRUCK_SECONDS", 1)
    monkeypatch.setattr("bench.kubectl.AGAIN", 0.01)
    made = door.cluster = Cluster(tmp_path, door.server_port)
    made.settle()
    yield made
    shell.interrupted.clear()
