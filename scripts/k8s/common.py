"""What render, deploy and images share: where things are, plain errors, and which images are meant."""

import hashlib
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VAR = ROOT / "var" / "k8s"
BUILT = VAR / "images.env"  # what the last `make images` built
DEFAULTS = {
    "APP_IMAGE": "partyline-app",
    "FRONT_IMAGE": "partyline-front",
    "TAG": "latest",
    "REDIS_IMAGE": "redis:8",
    "POSTGRES_IMAGE": "postgres:17",
}


class Failed(Exception):
    """Something that the person at the terminal has to know, in words for them; ends in exit status 1."""


def say(text=""):
    """Print at once: what subprocesses print must come after it."""
    print(text, flush=True)


def images():
    """Return {name in the manifests: full name}: as given, else as built last, else as in compose.yaml."""
    built = dict(line.split("=", 1) for line in BUILT.read_text().split()) if BUILT.exists() else {}
    known = {name: os.environ.get(name) or built.get(name) or value for name, value in DEFAULTS.items()}
    return {
        "partyline-app": f"{known['APP_IMAGE']}:{known['TAG']}",
        "partyline-front": f"{known['FRONT_IMAGE']}:{known['TAG']}",
        "redis": known["REDIS_IMAGE"],
        "postgres": known["POSTGRES_IMAGE"],
    }


def overlay():
    """Return the folder that O names: one of k8s/overlays, or a path to one of your own."""
    name = os.environ.get("O", "")
    folders = sorted(folder.parent.name for folder in (ROOT / "k8s/overlays").glob("*/kustomization.yaml"))
    if not name:
        raise Failed(f"Say which: O={' or O='.join(folders)}, or the path of an overlay of your own.")
    for folder in (ROOT / "k8s" / "overlays" / name, Path(name)):
        if (folder / "kustomization.yaml").exists():
            return folder.resolve()
    raise Failed(f"O={name} is neither one of k8s/overlays ({', '.join(folders)}) nor a path to an overlay.")


def documents(text):
    """Return the YAML documents of rendered manifests, each as text."""
    return [document for document in re.split(r"^---\n", text, flags=re.MULTILINE) if document.strip()]


def kind(document):
    return re.search(r"^kind: (\S+)", document, re.MULTILINE)[1]


def name(document):
    """Return metadata.name: kustomize writes metadata's own keys with two spaces before them."""
    return re.search(r"^metadata:\n(?:  .*\n)*?  name: (\S+)", document, re.MULTILINE)[1]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]
