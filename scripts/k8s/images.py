"""Build the two images under a tag that changes when they do; push them, or say how to load them."""

import os
import subprocess

from common import BUILT, DEFAULTS, ROOT, Failed, digest, say


def build():
    """Build, tag, push where `push` names a registry, and remember the names for render and deploy."""
    prefix = os.environ.get("push", "").rstrip("/")
    names = {key: os.environ.get(key) or DEFAULTS[key] for key in ("APP_IMAGE", "FRONT_IMAGE")}
    if prefix:
        names = {key: f"{prefix}/{value}" for key, value in names.items()}
    docker("compose", "build", "web", "nginx", env={**os.environ, **names, "TAG": "building"})
    # Nodes keep an image that they have under a name: another content needs another name.
    ids = [docker_says("image", "inspect", "-f", "{{.Id}}", f"{name}:building") for name in names.values()]
    tag = os.environ.get("TAG") or digest("".join(ids))
    full = [f"{name}:{tag}" for name in names.values()]
    for name, image in zip(names.values(), full, strict=True):
        docker("tag", f"{name}:building", image)
        docker_says("rmi", f"{name}:building")
    for image in full if prefix else ():
        docker("push", image)
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    BUILT.write_text("".join(f"{key}={value}\n" for key, value in {**names, "TAG": tag}.items()))
    say(f"{'Pushed' if prefix else 'Built'} {' and '.join(full)}; `make deploy` takes these now.")
    if not prefix:
        stores = [os.environ.get(key) or DEFAULTS[key] for key in ("REDIS_IMAGE", "POSTGRES_IMAGE")]
        say("Without a registry every node needs them, and with O=local the stock images:")
        say(f"    docker save {' '.join(full + stores)} | ssh NODE sudo ctr -n k8s.io images import -")


def docker(*arguments, **options):
    """Run docker in sight of the person; fail with its own words above."""
    if subprocess.run(["docker", *arguments], cwd=ROOT, **options).returncode:
        raise Failed(f"docker {' '.join(arguments)} failed; its own words are above.")


def docker_says(*arguments):
    done = subprocess.run(["docker", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"docker {' '.join(arguments)} failed: {done.stderr.strip()}")
    return done.stdout.strip()
