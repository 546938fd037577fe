"""Each process tells what it counts, on a port of its own, and never stops for that."""

import socket
import urllib.error
import urllib.request

import pytest
from django.db import OperationalError, connection
from prometheus_client import REGISTRY

from partyline import metrics
from tests.site import free_ports

pytestmark = pytest.mark.django_db


@pytest.fixture
def served(settings):
    """Return a function that serves, and gives the port's address."""
    servers = []

    def serve(is_alive=lambda: True):
        (port,) = free_ports(1)
        settings.METRICS_BIND = f"127.0.0.1:{port}"
        servers.append(metrics.serve(is_alive))
        return f"http://{settings.METRICS_BIND}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def count(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0


def test_it_works(served, client):
    labels = {"view": "people:sign-in", "status": "2xx"}
    before = count("partyline_http_request_seconds_count", **labels)
    assert client.get("/people/sign-in/").status_code == 200
    assert count("partyline_http_request_seconds_count", **labels) == before + 1
    status, text = ask(served() + "/metrics")
    assert status == 200
    assert 'partyline_http_request_seconds_bucket{le="+Inf",status="2xx",view="people:sign-in"}' in text
    for line in ('partyline_unanswered_total{by="database"}', 'partyline_unanswered_total{by="redis"}'):
        assert line in text


def test_a_page_that_is_not_there_has_no_view_of_its_own(client):
    """Or a scanner would make a new line for each address that it tries."""
    before = count("partyline_http_request_seconds_count", view="none", status="4xx")
    for n in range(3):
        client.get(f"/nothing-{n}/")
    assert count("partyline_http_request_seconds_count", view="none", status="4xx") == before + 3


def test_a_database_that_does_not_answer_is_counted(client):
    def away(*args):
        raise OperationalError("away")

    before = count("partyline_unanswered_total", by="database")
    with connection.execute_wrapper(away):
        assert client.get("/rooms/1/").status_code == 503
    assert count("partyline_unanswered_total", by="database") == before + 1


@pytest.mark.parametrize("alive, status", [(True, 200), (False, 503)])
def test_health_of_a_process_that_no_other_port_asks(served, alive, status):
    assert ask(served(lambda: alive) + "/healthz")[0] == status


def test_nothing_else_is_there(served):
    status, text = ask(served() + "/admin/")
    assert status == 404 and "/metrics" in text


def test_a_taken_port_stops_nobody(settings, caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.METRICS_BIND = f"127.0.0.1:{taken.getsockname()[1]}"
        assert metrics.serve() is None
    assert settings.METRICS_BIND in caplog.text


def test_without_an_address_nothing_listens(settings):
    settings.METRICS_BIND = ""
    assert metrics.serve() is None
