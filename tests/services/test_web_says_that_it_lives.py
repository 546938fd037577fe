"""Web announces itself under both servers, whether or not it tells metrics: its requests, its version."""

import pytest

from partyline.live import processes
from partyline.live.version import version
from tests.live.own_redis import MISSING, own_redis  # noqa: F401 - a fixture
from tests.services.test_metrics_of_web import Web
from tests.site import end, until

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")


@pytest.fixture(params=["uwsgi", "gunicorn"])
def web(request, tmp_path, own_redis):  # noqa: F811
    found = Web(request.param, tmp_path, REDIS_URL=own_redis.url, METRICS_BIND="")
    yield found
    end(found.process)
    found.log.close()


def announced():
    return processes.processes("web")


def test_it_works(web):
    (found,) = until(announced, "it is announced")
    assert found.takes and found.version == version() and found.started > 0
    web.visit(20)
    until(lambda: announced()[0].numbers["requests"] > 0, "its requests are told")
    (found,) = announced()
    assert 0 < found.numbers["mean"] < 10_000 and 0 < found.numbers["p95"] <= 10_000
    assert found.history["requests"][-1] == found.numbers["requests"]


def test_it_is_there_again_when_redis_is(web, own_redis):  # noqa: F811
    until(announced, "it is announced")
    own_redis.kill()
    web.visit(1)
    own_redis.start()
    until(announced, "it is announced again")


def test_it_is_forgotten_when_it_has_stopped(web):
    until(announced, "it is announced")
    web.process.terminate()
    assert web.process.wait(20) == 0
    until(lambda: not announced(), "it is forgotten")
