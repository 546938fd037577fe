"""The virtual environment in which the systems are compared: the site's packages and its peers'."""

import filecmp
import shutil
import subprocess
import sys

from bench.shell import ROOT

LOCK = ROOT / "requirements-bench.lock"
HERE = ROOT / "var" / "bench" / "venv"


def python():
    """Return its Python, having made it first if the lock has changed."""
    binary, stamp = HERE / "bin" / "python", HERE / "installed.lock"
    if not (stamp.exists() and filecmp.cmp(LOCK, stamp, shallow=False)):
        print(f"bench: installing what {LOCK.name} names", flush=True)
        run = [sys.executable, "-m", "venv", "--clear", str(HERE)]
        subprocess.run(run, check=True)  # noqa: S603
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
        subprocess.run([str(binary), "-m", "pip", "install", *options], check=True)  # noqa: S603
        shutil.copy(LOCK, stamp)
    return binary
