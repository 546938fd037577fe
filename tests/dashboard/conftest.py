"""Processes that say that they are there, and an operator who looks at them."""

import json
import time

import pytest
from django.contrib.auth import get_user_model

from partyline.live import site
from partyline.live.processes import Process, key_of
from partyline.live.store import store

NUMBERS = {
    "nginx": {"active": 3, "reading": 0, "writing": 1, "waiting": 2},
    "web": {"requests": 12.5, "mean": 23.4, "p95": 87.5},
    "ws": {"sockets": 7, "streams": 2, "entries": 0.5, "deliveries": 3.5, "owed": 2048}
    | {"cut": 1, "resumes": 4, "resets": 2},
    "worker": {"jobs": 1.5, "running": 2, "concurrency": 4},
}


@pytest.fixture
def operator(db):
    return get_user_model().objects.create_user("olga", password="stays-3-awake", is_staff=True)


@pytest.fixture
def say_hello():
    """Return a function that announces a process, as it would itself."""

    def say_hello(service, name, started=100.0, takes=True, **numbers):
        numbers = NUMBERS[service] | {"version": "aaaa1111", "history": {}} | numbers
        process = Process(service, name, started and time.time() - started, takes, numbers)
        store().announce(key_of(service, name), json.dumps(process), 60)

    return say_hello


@pytest.fixture
def forget():
    """Return a function that has a process go."""
    return lambda service, name: store().withdraw(key_of(service, name))


@pytest.fixture
def take_sample(monkeypatch):
    """Return a function that samples the site, as the process whose turn it is."""
    monkeypatch.setattr(site, "SAMPLE_SECONDS", 0.001)

    def take_sample():
        while not site.sample():
            time.sleep(0.001)

    return take_sample
