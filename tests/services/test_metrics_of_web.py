"""Web's processes tell their sum on one port, under both servers, whichever of them is killed."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services import probe
from tests.site import end, free_ports, until

ROOT = Path(__file__).parents[2]
SIGN_IN = {"view": "people:sign-in", "status": "2xx"}


class Web:
    """The site's real web, with two processes."""

    def __init__(self, server, folder, **variables):
        where, told = free_ports(2)
        self.address, self.metrics = f"127.0.0.1:{where}", f"127.0.0.1:{told}"
        env = os.environ | {
            "PYTHON": sys.executable,
            "DJANGO_SETTINGS_MODULE": "partyline.settings",
            "SECRET_KEY": "only-for-tests",
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": "",
            "STATIC_ROOT": str(folder / "static"),
            "WEB_SERVER": server,
            "WEB_BIND": self.address,
            "METRICS_BIND": self.metrics,
            "METRICS_DIR": str(folder / "metrics"),
        }
        env |= variables
        manage = [sys.executable, "manage.py"]
        for command in (["migrate", "-v0"], ["collectstatic", "--noinput", "-v0"]):
            subprocess.run([*manage, *command], cwd=ROOT, env=env, check=True)
        self.tells, self.log = bool(env["METRICS_BIND"]), (folder / "log").open("w")
        out = {"stdout": self.log, "stderr": self.log}
        self.process = subprocess.Popen([ROOT / "services/web/start"], cwd=ROOT, env=env, **out)
        until(self.is_up, "web answers, and tells its metrics", 40)

    def is_up(self):
        assert self.process.poll() is None, Path(self.log.name).read_text()
        try:
            is_ready = probe.main(["web", self.address, "--ready"]) is None
            return is_ready and (not self.tells or self.told() is not None)
        except OSError:
            return False

    def visit(self, times):
        for _ in range(times):
            assert probe.ask(self.address, probe.uwsgi_request("/people/sign-in/")) is None

    def told(self):
        """Return how many visits are told."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=10) as answer:
            families = text_string_to_metric_families(answer.read().decode())
        name = "partyline_http_request_seconds_count"
        samples = [s for family in families for s in family.samples if s.name == name]
        return sum(s.value for s in samples if s.labels == SIGN_IN)

    def workers(self):
        """Return the processes that have counted something."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children]


@pytest.fixture(params=["uwsgi", "gunicorn"])
def web(request, tmp_path):
    found = Web(request.param, tmp_path)
    yield found
    end(found.process)
    found.log.close()


def test_it_works(web):
    web.visit(20)
    assert web.told() == 20


def test_what_a_killed_process_counted_stays(web):
    web.visit(10)
    victims = web.workers()[:2]  # the workers were forked first
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(web.workers()) - set(victims)) >= 2, "they are forked anew")
    until(web.is_up, "web answers again")
    web.visit(10)
    assert web.told() == 20


def test_it_stops_with_the_server(web):
    web.process.terminate()
    assert web.process.wait(20) == 0
    with pytest.raises(OSError):
        web.told()
