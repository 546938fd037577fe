"""Talk to the Docker engine and to Compose v2: can it be used, whose containers are there."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess

from common import ROOT, VAR, Failed, knob, tls_files


def problem():
    """Return why containers cannot be used here, or None."""
    if not shutil.which("docker"):
        return "there is no docker command here"
    asked = ask("docker", "version", "--format", "{{.Server.Version}}")
    if asked.returncode:
        return f"no Docker engine answers ({(asked.stderr.strip().splitlines() or ['no reason given'])[-1]})"
    compose = ask("docker", "compose", "version", "--short")
    if compose.returncode or compose.stdout.lstrip("v").startswith("1."):
        return "Docker answers, but has no Compose v2 (`docker compose`)"
    return None


def ask(*command):
    """Run a command that answers soon, and return what it said; Ctrl-C is not its business."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=15, start_new_session=True)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "no answer within 15 s")


def files():
    """Return Compose's -f arguments: none of them but for HTTPS."""
    if not tls_files():
        return []
    names = ["compose.yaml", "compose.tls.yaml", "compose.override.yaml"]
    return [part for name in names if (ROOT / name).exists() for part in ("-f", name)]


def environment():
    """Return Compose's environment; with HTTPS, nginx mounts the directory that holds both files."""
    env, tls = {**os.environ}, tls_files()
    if tls:
        if tls[0].parent != tls[1].parent:
            raise Failed("TLS_CERT and TLS_KEY must lie in one directory: containers mount it.")
        env |= {"TLS_CERT": tls[0].name, "TLS_KEY": tls[1].name, "TLS_DIR": str(tls[0].parent)}
    return env


def compose(*arguments, **options):
    """Run `docker compose …` in the repository's root."""
    return subprocess.run(["docker", "compose", *files(), *arguments], cwd=ROOT, env=environment(), **options)


def wanted_hash(service):
    """Return the hash of a service's configuration, as Compose writes it on the containers that it makes."""
    return compose("config", "--hash", service, capture_output=True, text=True).stdout.split()[-1]


def image(service):
    """Return the id of the image that a new container of the service would run, empty where there is none."""
    shown = compose("config", "--format", "json", capture_output=True, text=True)
    name = json.loads(shown.stdout)["services"][service]["image"]
    return ask("docker", "image", "inspect", "--format", "{{.Id}}", name).stdout.strip()


def read_json(text):
    """Read what Compose prints: one array, or since 2.21 an object per line."""
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def project():
    """Return Compose's name for this stack; containers and volumes carry it."""
    return knob("COMPOSE_PROJECT_NAME", "partyline")


def owner():
    """Return the directory from which this project's containers were made, or an empty text."""
    template = '{{.Label "com.docker.compose.project.working_dir"}}'
    label = f"label=com.docker.compose.project={project()}"
    return ask("docker", "ps", "-a", "--filter", label, "--format", template).stdout.partition("\n")[0]


@contextlib.contextmanager
def only_one():
    """Hold the lock that says: the containers of this project are being changed from here."""
    VAR.mkdir(exist_ok=True)
    with (VAR / f"{project()}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(
                "Another `make up`, `make scale` or `make roll` is at work here; wait for it."
            ) from None
        yield


def need_ours():
    """Fail where another checkout has containers of the same project: Compose would take them for ours."""
    if owner() not in ("", str(ROOT)):
        raise Failed(
            f"The containers of project {project()} belong to {owner()}. Stop them there first,\n"
            "or give this checkout a name and a port of its own: make up COMPOSE_PROJECT_NAME=… PORT=…"
        )
