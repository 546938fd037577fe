"""The probes: 503 where a process must not be given work, 200 and a name where only its stores are away."""

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import InterfaceError

from partyline import health, routing
from partyline.live.store import Away, store

pytestmark = pytest.mark.django_db(transaction=True)
READY = {"status": "ready", "database": "ok", "redis": "ok"}


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """Every test begins with a process that has seen its migrations, and leaves no trace."""
    monkeypatch.setattr(health, "_migrated", True)
    monkeypatch.setattr(health, "draining", False)


@pytest.fixture
def unmigrated(monkeypatch):
    """The newest migration of rooms is still to come."""
    recorder = MigrationRecorder(connection)
    newest = MigrationLoader(connection).graph.leaf_nodes("rooms")[0]
    recorder.record_unapplied(*newest)
    monkeypatch.setattr(health, "_migrated", False)
    yield
    recorder.record_applied(*newest)


@pytest.fixture(params=["web", "ws"])
def ask(request, client):
    """Return a coroutine function (path, method) → (status, JSON), of web and of ws."""
    import asyncio
    import json

    async def web(path, method="GET"):
        response = await asyncio.to_thread(client.generic, method, path, HTTP_HOST="a.name.of.a.pod:8000")
        return response.status_code, response.json() if response.content else None

    async def ws(path, method="GET"):
        scope = {"type": "http", "path": path, "method": method, "headers": [], "query_string": b""}
        asked = ApplicationCommunicator(routing.sockets, scope)
        await asked.send_input({"type": "http.request"})
        start, body = await asked.receive_output(20), await asked.receive_output(20)
        assert dict(start["headers"])[b"content-type"] == b"application/json"
        return start["status"], json.loads(body["body"]) if method != "HEAD" else None

    return {"web": web, "ws": ws}[request.param]


async def test_it_works(ask):
    assert await ask("/healthz") == (200, {"status": "alive"})
    assert await ask("/readyz") == (200, READY)


async def test_head_works(ask):
    assert await ask("/healthz", "HEAD") == (200, None)
    assert await ask("/readyz", "HEAD") == (200, None)


async def test_it_finds_out_about_migrations_by_itself(ask, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    assert await ask("/readyz") == (200, READY)
    assert health._migrated is True


async def test_missing_migrations_are_not_ready(ask, unmigrated):
    status, body = await ask("/readyz")
    assert (status, body["status"], body["database"]) == (503, "starting", "migrations are missing")
    assert (await ask("/healthz"))[0] == 200, "it lives: nobody must kill it for that"


async def test_draining_is_not_ready(ask, monkeypatch):
    monkeypatch.setattr(health, "draining", True)
    assert await ask("/readyz") == (503, {"status": "draining"})
    assert (await ask("/healthz"))[0] == 200


class Gone:
    """A connection to a database that does not answer."""

    def __init__(self, error):
        self.error, self.closed = error, 0

    def cursor(self):
        raise self.error("no answer")

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
async def test_a_database_away_is_named(ask, monkeypatch, error):
    gone = Gone(error)
    monkeypatch.setattr(health, "connection", gone)
    assert await ask("/readyz") == (200, READY | {"database": f"away: {error.__name__}"})
    assert gone.closed == 1, "else the next probe asks a dead connection"
    assert (await ask("/healthz"))[0] == 200


async def test_a_database_away_from_the_start_is_starting(ask, monkeypatch):
    monkeypatch.setattr(health, "_migrated", False)
    monkeypatch.setattr(health, "connection", Gone(OperationalError))
    status, body = await ask("/readyz")
    assert (status, body["status"]) == (503, "starting")


async def test_redis_away_is_named(ask, monkeypatch):
    def away():
        raise Away("no answer")

    monkeypatch.setattr(store(), "ping", away)
    assert await ask("/readyz") == (200, READY | {"redis": "away"})


@pytest.mark.parametrize("path", ["/", "/rooms/1/", "/healthz/", "/admin/", "/static/x.css"])
async def test_ws_serves_no_page(path):
    scope = {"type": "http", "path": path, "method": "GET", "headers": [], "query_string": b""}
    asked = ApplicationCommunicator(routing.sockets, scope)
    await asked.send_input({"type": "http.request"})
    start, body = await asked.receive_output(20), await asked.receive_output(20)
    assert start["status"] == 404 and b"<" not in body["body"]
