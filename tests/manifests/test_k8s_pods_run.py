"""The pods of the overlay `local` start, serve and stop, as containers of the same users, files, commands."""

import os
import shutil
import subprocess
import urllib.request

import pytest

from tests.manifests.k8s_docker import Kubelet, docker
from tests.manifests.k8s_render import render
from tests.site import free_ports, until

APP, FRONT = "partyline-app", "partyline-front"
STORES = ("redis:8", "postgres:17")


def images():
    """Return {name in the manifests: image to run}: PARTYLINE_TAG of ours, the stock ones as they are."""
    tag = os.environ.get("PARTYLINE_TAG")
    return {APP: f"{APP}:{tag}", FRONT: f"{FRONT}:{tag}"}


def missing():
    if not os.environ.get("PARTYLINE_TAG"):
        return "needs PARTYLINE_TAG, the tag of images that were just built: old ones would prove nothing"
    if not shutil.which("docker") or os.getuid():
        return "needs a Docker engine, and root for the owners of files"
    wanted = [*images().values(), *STORES]
    have = [
        subprocess.run(["docker", "image", "inspect", w], capture_output=True).returncode == 0 for w in wanted
    ]
    return None if all(have) else "needs the built images (make build, make base-images)"


pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")


@pytest.fixture(scope="module")
def kubelet(tmp_path_factory):
    found = Kubelet(render("local"), tmp_path_factory.mktemp("node"), images())
    yield found
    found.clean()


@pytest.fixture(scope="module")
def site(kubelet):
    """Return {name: id} of the running pods, and the address of the site."""
    pods = {}
    for name in ("redis", "db"):
        pods[name] = kubelet.run(name)
        until(lambda name=name: kubelet.probe(name, pods[name]), f"{name} is ready: see docker logs", 60)
    migrate = kubelet.run("migrate")
    until(
        lambda: docker("inspect", "-f", "{{.State.Status}}", migrate).stdout.strip() == "exited",
        "migrated",
        90,
    )
    assert docker("inspect", "-f", "{{.State.ExitCode}}", migrate).stdout.strip() == "0"
    (port,) = free_ports(1)
    for name, *options in (("web",), ("ws",), ("worker",), ("nginx", "--publish", f"127.0.0.1:{port}:8080")):
        pods[name] = kubelet.run(name, *options)
        until(lambda name=name: kubelet.probe(name, pods[name]), f"{name} is ready", 60)
    pods["url"] = f"http://127.0.0.1:{port}/"
    return pods


def test_it_works(site):
    with urllib.request.urlopen(site["url"], timeout=10) as answer:
        assert answer.status == 200 and b"Partyline" in answer.read()


def test_sockets_reach_ws(site):
    request = urllib.request.Request(site["url"] + "ws/live/")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    assert refused.value.code == 426


@pytest.mark.parametrize("name", ["nginx", "web", "ws", "worker", "db", "redis"])
def test_they_live_and_are_ready(kubelet, site, name):
    assert all(kubelet.probe(name, site[name], kind) for kind in ("startup", "liveness", "readiness"))


@pytest.mark.parametrize("name", ["nginx", "web", "ws", "worker"])
def test_they_tell_their_metrics(site, name):
    address = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", site[name])
    with urllib.request.urlopen(f"http://{address.stdout.strip()}:9100/metrics", timeout=10) as answer:
        assert b"# TYPE partyline_" in answer.read()


def test_the_database_opens_again_after_its_pod(kubelet, site):
    """Its directory stays, and Postgres takes it as it finds it."""
    asked = ("psql", "-U", "partyline", "-Atc", "SELECT count(*) FROM django_migrations")
    before = docker("exec", site["db"], *asked).stdout
    kubelet.stop(site["db"], "db")
    docker("rm", "--volumes", site["db"])
    site["db"] = kubelet.run("db")
    until(lambda: kubelet.probe("db", site["db"]), "db is ready again", 60)
    assert int(docker("exec", site["db"], *asked).stdout) == int(before) > 0
    until(lambda: opens(site["url"]), "pages are back")


def opens(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("name", ["nginx", "worker", "ws", "web"])
def test_they_stop_by_themselves_within_their_grace(kubelet, site, name):
    assert kubelet.stop(site[name], name) == 0
