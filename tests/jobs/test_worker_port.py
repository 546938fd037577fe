"""A worker answers /healthz and /metrics on its internal port; one whose main loop hangs is not alive."""

import os
import signal
import socket
import urllib.error
import urllib.request

import pytest
from job_tools import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def ask(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_works(worker, address):
    worker(METRICS_BIND=address)
    assert ask(address, "/healthz")[0] == 200
    assert 'partyline_jobs{state="ready"} 0' in ask(address, "/metrics")[1]


def test_a_loop_that_hangs_is_not_alive(manage, address):
    code = """
from django.core.management import call_command
from partyline.jobs import worker
worker.STALE = 0
call_command("worker", "--no-periodic")
"""
    process = manage("shell", "-c", code, METRICS_BIND=address)
    until(lambda: "is ready" in process.log.read_text())
    assert ask(address, "/healthz")[0] == 503
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(10) == 0
