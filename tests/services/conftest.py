"""The start scripts as they are, in a copy of the project where the site is a few lines that can be slow."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE = """
import os, time
time.sleep(float(os.environ.get("LOADING", 0)))
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(2)
    known = environ["PATH_INFO"] in ("/healthz", "/slow") and environ["HTTP_HOST"] == "localhost"
    start_response("200 OK" if known else "503 Service Unavailable", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read() or b"body"]
"""
BESIDE = """
import threading
def tell():
    pass
def be_the_mule():
    threading.Event().wait()
"""


@pytest.fixture
def site(tmp_path_factory):
    """Return a folder like the repository's root, with the stand-in for the site."""
    folder = tmp_path_factory.mktemp("s")
    shutil.copytree(ROOT / "services", folder / "services")
    (folder / "partyline").mkdir()
    (folder / "partyline" / "wsgi.py").write_text(SITE)
    (folder / "partyline" / "web.py").write_text(BESIDE)
    return folder


@pytest.fixture
def start(site):
    """Return a function that runs a start script with the given variables until the test ends."""
    started = []

    def run(script, **variables):
        env = os.environ | {"PYTHON": sys.executable, "METRICS_DIR": str(site / "metrics")} | variables
        started.append(
            subprocess.Popen([site / script], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        )
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def probe(*arguments):
    """Run the probe as a health check does; returns its exit status and what it said."""
    done = subprocess.run(
        [sys.executable, ROOT / "services/probe.py", *arguments], capture_output=True, text=True
    )
    return done.returncode, done.stderr
