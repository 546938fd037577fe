"""Render an overlay with the images that are meant, and this release's migrations under their own name."""

import os
import re
import shutil
import subprocess

from common import ROOT, VAR, Failed, digest, documents, images, kind, overlay


def render():
    """Return the manifests of the overlay O as one text of YAML documents."""
    folder = overlay()
    fill_secrets(folder)
    # A kustomization around the overlay: so `make` changes images without touching anybody's files.
    around = VAR / folder.name
    around.mkdir(parents=True, exist_ok=True)
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:"]
    lines += [f"  - {os.path.relpath(folder, around)}", "images:"]
    for name, full in images().items():
        lines += [f"  - {{name: {name}, {changed(full)}}}"]
    (around / "kustomization.yaml").write_text("\n".join(lines) + "\n")
    done = subprocess.run([ROOT / "scripts/k8s/kustomize", around], capture_output=True, text=True)
    if done.returncode:
        raise Failed(explained(done.stderr.strip(), folder))
    return "---\n".join(released(document) for document in documents(done.stdout))


def fill_secrets(folder):
    """Copy .secrets/ into the overlay `local`, made where missing; other overlays' are their owner's."""
    if folder != ROOT / "k8s/overlays/local":
        return
    subprocess.run([ROOT / "scripts/secrets"], check=True, stdout=subprocess.DEVNULL)
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    for name in ("django_secret_key", "db_password", "redis_password", "redis_auth.conf"):
        (folder / "secrets" / name).unlink(missing_ok=True)
        shutil.copy(ROOT / ".secrets" / name, folder / "secrets" / name)


def changed(full):
    """Return kustomize's words for a full image name: newName, and newTag or digest."""
    if "@" in full:
        name, _, found = full.partition("@")
        return f'newName: "{name}", digest: "{found}"'
    name, colon, tag = full.rpartition(":")
    if not colon or "/" in tag:  # no tag; the colon is a registry's port
        name, tag = full, "latest"
    return f'newName: "{name}", newTag: "{tag}"'


def released(document):
    """Give the migrations' Job a name for just this release: a Job that ran cannot be changed."""
    if kind(document) != "Job":
        return document
    return re.sub(r"^  name: migrate$", f"  name: migrate-{digest(document)}", document, flags=re.MULTILINE)


def explained(error, folder):
    """Return kustomize's error, with what to do about missing secrets."""
    if "secrets/" in error:
        return (
            f"Secrets are missing in {folder}/secrets/: one file each, as kustomization.yaml lists them.\n"
            f"docs/kubernetes.md says how to make them. kustomize said:\n{error}"
        )
    return f"The overlay does not render:\n{error}"
