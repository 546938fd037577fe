"""make deploy: it renders, applies, waits in order, says the address, or what is wrong in words."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

from tests.manifests.k8s_render import ROOT


def node(name, control=False, **spec):
    labels = {"node-role.kubernetes.io/control-plane": ""} if control else {}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": f"127.0.0.{len(name)}"}],
        },
    }


class Site:
    """A checkout, and a cluster that is not there."""

    def __init__(self, folder):
        self.main, self.cluster = folder / "main", folder / "cluster"
        shutil.copytree(ROOT / "k8s", self.main / "k8s", ignore=shutil.ignore_patterns("secrets"))
        shutil.copytree(ROOT / "scripts/k8s", self.main / "scripts/k8s")
        shutil.copytree(ROOT / "redis", self.main / "redis")
        shutil.copy(ROOT / "scripts/secrets", self.main / "scripts/secrets")
        (folder / "bin").mkdir()
        stub = ROOT / "tests/manifests/k8s_kubectl.py"
        (folder / "bin/kubectl").write_text(f'#!/bin/sh\nexec {sys.executable} -SE {stub} "$@"\n')
        (folder / "bin/kubectl").chmod(0o755)
        self.env = os.environ | {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "REAL_PATH": os.environ["PATH"],
            "KUSTOMIZE": str(ROOT / "scripts/k8s/kustomize"),
            "CLUSTER": str(self.cluster),
        }
        self.cluster.mkdir()
        self.has("minor", text="34")
        self.has("fails", text="")
        self.has("nodes", {"items": [node("worker-1"), node("first", control=True)]})
        self.has("job", {"status": {"conditions": [{"type": "Complete", "status": "True"}]}})
        for name in ("deployment", "statefulset"):
            self.has(name, {"status": {"readyReplicas": 2}})
        self.has("hpa", {"spec": {"minReplicas": 2}})
        self.has_door("ClusterIP", {"name": "http", "port": 80})

    def has(self, name, found=None, text=None):
        (self.cluster / name).write_text(json.dumps(found) if text is None else text)

    def has_door(self, kind, port, **status):
        self.has("service-nginx", {"spec": {"type": kind, "ports": [port]}, "status": status})

    def make(self, verb, **knobs):
        """Run a verb; return (exit status, all that it printed)."""
        done = subprocess.run(
            [sys.executable, self.main / "scripts/k8s", verb],
            env=self.env | knobs,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    def asked(self):
        return (self.cluster / "asked").read_text().splitlines()


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_it_works(site):
    status, said = site.make("deploy", O="local", TAG="v2")
    assert status == 0, said
    assert "kubectl -n partyline port-forward service/nginx 8080:80" in said
    applied = (site.cluster / "applied").read_text()
    assert "image: partyline-app:v2" in applied and "image: partyline-front:v2" in applied
    asked = [line for line in site.asked() if not line.startswith(("version", "kustomize"))]
    steps = ["label node first partyline/db=here", "apply", "rollout status statefulset/db"]
    assert sorted(steps, key=lambda step: where(asked, step)) == steps
    jobs = [number for number, line in enumerate(asked) if line.startswith("get job migrate-")]
    assert (
        where(asked, "rollout status statefulset/redis")
        < jobs[-1]
        < where(asked, "rollout status deployment/")
    )
    rolled = {line.split()[2] for line in asked if line.startswith("rollout status")}
    assert rolled == {f"deployment/{n}" for n in ("nginx", "web", "ws", "worker")} | {
        "statefulset/db",
        "statefulset/redis",
    }


def where(lines, start):
    return next(i for i, line in enumerate(lines) if line.startswith(start))


def test_a_node_port_is_an_address_of_every_node(site, door):
    site.has_door("NodePort", {"name": "http", "port": 80, "nodePort": door})
    _, said = site.make("deploy", O="local")
    assert f"Partyline is at http://127.0.0.5:{door}/" in said and f"http://127.0.0.8:{door}/" in said
    assert "does not answer" not in said


@pytest.fixture
def door():
    """A server behind every node's port."""
    server = http.server.ThreadingHTTPServer(("", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("tls", [False, True])
def test_a_load_balancer_is_one(site, tls):
    port = {"name": "https", "port": 443} if tls else {"name": "http", "port": 80}
    site.has_door("LoadBalancer", port, loadBalancer={"ingress": [{"ip": "192.0.2.7"}]})
    assert f"Partyline is at {port['name']}://192.0.2.7/" in site.make("deploy", O="local")[1]


def test_the_database_stays_where_it_is(site):
    nodes = [node("worker-1"), node("first", control=True)]
    nodes[0]["metadata"]["labels"]["partyline/db"] = "here"
    site.has("nodes", {"items": nodes})
    assert site.make("deploy", O="local")[0] == 0
    assert not any(line.startswith("label") for line in site.asked())


def test_the_database_goes_to_a_node_that_takes_pods(site):
    taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
    cordoned, tainted = node("a-cordoned", unschedulable=True), node("first", control=True, taints=[taint])
    site.has("nodes", {"items": [cordoned, tainted, node("worker-1")]})
    assert site.make("deploy", O="local")[0] == 0
    assert "label node worker-1 partyline/db=here" in site.asked()


def test_secrets_are_made_once(site):
    site.make("deploy", O="local")
    first = (site.main / ".secrets/db_password").read_text()
    site.make("deploy", O="local")
    assert (site.main / ".secrets/db_password").read_text() == first
    made = site.main / "k8s/overlays/local/secrets"
    assert made.stat().st_mode & 0o077 == 0 and (made / "db_password").read_text() == first
    assert (site.main / "var/k8s/local/manifests.yaml").stat().st_mode & 0o077 == 0


def test_two_homes_of_the_database_are_refused(site):
    nodes = [node("one"), node("two")]
    for one in nodes:
        one["metadata"]["labels"]["partyline/db"] = "here"
    site.has("nodes", {"items": nodes})
    status, said = site.make("deploy", O="local")
    assert status == 1 and "Only one can hold the database" in said and "one, two" in said
    assert not any(line.startswith("apply") for line in site.asked())


def test_a_lost_password_is_not_made_anew(site):
    site.has("pv-partyline-db", {"kind": "PersistentVolume"})
    status, said = site.make("deploy", O="local")
    assert status == 1 and "Put it back" in said
    assert not (site.main / ".secrets").exists()


def test_failed_migrations_show_their_log(site):
    site.has("job", {"status": {"conditions": [{"type": "Failed", "status": "True"}]}})
    status, said = site.make("deploy", O="local")
    assert status == 1 and "failed" in said and "logs of -l job-name=migrate-" in said
    assert not any(line.startswith("rollout status deployment") for line in site.asked())
    assert any(line.startswith("delete job migrate-") for line in site.asked()), "the next try is a new one"


def test_a_rollout_that_does_not_come_up_shows_its_pods(site):
    site.has("fails", text="rollout")
    status, said = site.make("deploy", O="local")
    assert status == 1 and "did not come up" in said and "What ran before goes on" in said
    assert "Traceback" not in said


def test_an_image_that_is_not_there_is_told_soon(site):
    """kubectl itself would wait for ten minutes."""
    site.has("rollout", text="error: timed out waiting for the condition")
    waiting = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
    site.has("pods", {"items": [{"status": {"containerStatuses": [waiting]}}]})
    status, said = site.make("deploy", O="local")
    assert status == 1 and "statefulset/db did not come up" in said and "get of pods -o wide" in said


def test_nobody_answers(site):
    site.has("fails", text="version")
    status, said = site.make("deploy", O="local")
    assert status == 1 and "No cluster answers" in said


def test_an_old_cluster_is_refused(site):
    site.has("minor", text="29+")
    status, said = site.make("deploy", O="local")
    assert status == 1 and "1.29" in said and "1.30 or later" in said


def test_what_is_refused_by_the_cluster_is_told(site):
    site.has("fails", text="apply")
    status, said = site.make("deploy", O="local")
    assert status == 1 and "apply is not to be" in said


def test_production_wants_its_own_secrets(site):
    status, said = site.make("deploy", O="production")
    assert status == 1 and "Secrets are missing in" in said and "docs/kubernetes.md" in said


@pytest.mark.parametrize("overlay", ["", "nowhere", "../../k8s"])
def test_an_overlay_has_to_be_named(site, overlay):
    status, said = site.make("deploy", O=overlay)
    assert status == 1 and "local" in said and "production" in said


def test_the_overlay_may_be_anywhere(site, tmp_path):
    """Somebody who adopts this keeps an overlay of their own."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "kustomization.yaml").write_text(
        "namespace: party\nresources: [../main/k8s/overlays/local]\n"
        "configMapGenerator: [{name: settings, behavior: merge, literals: [ALLOW_GUESTS=false]}]\n"
    )
    site.make("render", O="local")  # makes the secrets of `local`
    status, said = site.make("render", O=str(mine))
    assert status == 0, said
    assert 'ALLOW_GUESTS: "false"' in said and "namespace: partyline" not in said
    assert "kind: Namespace" in said and "\n  name: party\n" in said
