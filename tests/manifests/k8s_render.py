"""Render the overlays and components with made-up secrets, and read what a cluster would get."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECRETS = ("django_secret_key", "db_password", "redis_password", "redis_auth.conf")
OVERLAYS = ("local", "production")
COMPONENTS = sorted(folder.name for folder in (ROOT / "k8s/components").iterdir())
IN_OVERLAY = {"local": {"nodeport"}, "production": {"loadbalancer", "tls"}}
# Every component on every overlay that has it not, and what goes together.
VARIANTS = [(overlay, ()) for overlay in OVERLAYS]
VARIANTS += [
    (o, (component,)) for o in OVERLAYS for component in COMPONENTS if component not in IN_OVERLAY[o]
]
VARIANTS += [
    ("local", ("tls", "metrics-adapter")),
    ("production", ("keda", "s3")),
    ("local", ("keda", "ingress")),
]
VARIANTS += [("production", ("metrics-adapter", "s3"))]
APP = ("web", "ws", "worker", "migrate")


@functools.cache
def tree():
    """Return a copy of what renders, with secrets: nobody's own files are read, none is written."""
    copy = Path(tempfile.mkdtemp(prefix="partyline-k8s-"))
    for folder in ("k8s", "redis"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("secrets"))
    for overlay in OVERLAYS:
        fill_secrets(copy / "k8s/overlays" / overlay)
    return copy


def fill_secrets(overlay):
    (overlay / "secrets").mkdir()
    for name in SECRETS:
        said = "requirepass made-up-redis_password" if name == "redis_auth.conf" else f"made-up-{name}"
        (overlay / "secrets" / name).write_text(said)


def kustomize(folder):
    """Return what a kustomization renders to as text; skip where no renderer is to be had."""
    done = subprocess.run(
        [ROOT / "scripts/k8s/kustomize", folder], capture_output=True, text=True, timeout=120
    )
    if done.returncode and "neither is here" in done.stderr:
        pytest.skip("kubectl 1.27 or kustomize 5 is not installed")
    assert done.returncode == 0, done.stderr
    return done.stdout


def render(overlay, components=()):
    """Return the objects of an overlay, changed to have these components too, as a list of dicts."""
    return rendered(overlay, tuple(components))


@functools.cache
def rendered(overlay, components):
    folder = tree() / "k8s/overlays" / "-".join((overlay, "with", *components))
    shutil.copytree(tree() / "k8s/overlays" / overlay, folder)
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text())
    doors = {"httproute", "ingress"} & set(components) and overlay == "production"
    kept = [] if doors else wanted["components"]  # a Gateway or an Ingress comes instead of its own doors
    wanted["components"] = kept + [f"../../components/{component}" for component in components]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    return [found for found in yaml.safe_load_all(kustomize(folder)) if found]


def of_kind(objects, *kinds):
    return [found for found in objects if found["kind"] in kinds]


def named(objects, kind, name):
    """Return the one object of that kind and name, None where there is none."""
    return next((o for o in of_kind(objects, kind) if o["metadata"]["name"] == name), None)


def workloads(objects):
    """Return {name: object} of all that has pods."""
    return {o["metadata"]["name"]: o for o in of_kind(objects, "Deployment", "StatefulSet", "Job")}


def pod(workload):
    return workload["spec"]["template"]["spec"]


def containers(workload):
    """Return all containers of its pods, those that run first included."""
    return [*pod(workload).get("initContainers", ()), *pod(workload)["containers"]]


def main(workload):
    """Return the container that is the service itself."""
    (only,) = pod(workload)["containers"]
    return only


def config(objects, name):
    """Return the data of the ConfigMap that was generated under `name`."""
    (found,) = [o for o in of_kind(objects, "ConfigMap") if o["metadata"]["name"].rpartition("-")[0] == name]
    return found["data"]


def variant_ids(variant):
    overlay, components = variant
    return "+".join((overlay, *components))


every_variant = pytest.mark.parametrize("variant", VARIANTS, ids=variant_ids)
every_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
