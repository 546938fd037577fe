"""Processes say that they live, and are forgotten when they stop."""

import json
import os
from itertools import count

import pytest

from partyline.live import processes
from partyline.live.store import store
from partyline.live.version import version
from tests.site import until


@pytest.fixture(autouse=True)
def nobody_goes_on():
    """Let no process of one test be announced in the next."""
    yield
    processes.withdraw()


def announce(name, sockets=0, takes=True, seconds=30):
    text = json.dumps(processes.Process("ws", name, 1.0, takes, {"sockets": sockets}))
    store().announce(name, text, seconds)


def names(service="ws"):
    return [each.name for each in processes.processes(service)]


def test_it_works(monkeypatch):
    monkeypatch.setattr(processes, "own_name", lambda: "here/7")
    processes.announce("thing", lambda: True, lambda: {"sockets": 3})
    until(lambda: names("thing") == ["here/7"], "it is announced")
    (found,) = processes.processes("thing")
    assert found.takes and found.numbers["sockets"] == 3 and found.started == processes.STARTED
    assert found.version == version() != ""


def test_its_last_numbers_are_a_history(monkeypatch):
    monkeypatch.setattr(processes, "EVERY", 0.01)
    monkeypatch.setattr(processes, "SAMPLES", 3)
    counter = count(1)
    processes.announce("thing", lambda: True, lambda: {"sockets": next(counter)}, lines=("sockets",))

    def history():
        found = processes.processes("thing")
        return found and found[0].history["sockets"]

    until(lambda: (history() or [0])[0] > 5, "the first ones have gone")
    first, *rest = history()
    assert rest == [first + 1, first + 2]


def test_one_that_ends_is_forgotten_at_once():
    processes.announce("thing", lambda: True, lambda: {})
    until(lambda: names("thing"), "it is announced")
    processes.withdraw()
    assert names("thing") == []


def test_one_whose_numbers_fail_goes_on_trying(monkeypatch):
    monkeypatch.setattr(processes, "EVERY", 0.01)
    answers = iter([RuntimeError("once")])

    def numbers():
        for error in answers:
            raise error
        return {}

    processes.announce("thing", lambda: True, numbers)
    until(lambda: names("thing"), "it is announced")


def test_a_process_may_be_of_two_services():
    for service in ("thing", "other"):
        processes.announce(service, lambda: True, lambda: {})
    until(lambda: names("thing") == names("other") != [], "both are announced")


def test_one_of_another_release_is_read():
    """The release before says neither a version nor a history."""
    announce("old")
    (found,) = [each for each in processes.processes("ws") if each.name == "old"]
    assert found.version == "" and found.history == {}


def test_by_service_and_name():
    announce("b"), announce("a", takes=False)
    assert [name for name in names() if name in "ab"] == ["a", "b"]
    assert not {"a", "b"} & set(names("worker"))
    assert [each.takes for each in processes.processes("ws") if each.name in "ab"] == [False, True]


def test_one_that_says_nothing_any_more_is_forgotten():
    announce("gone", seconds=1)
    assert "gone" in names()
    until(lambda: "gone" not in names(), "it is forgotten")


def test_the_last_word_counts():
    announce("c", sockets=1)
    announce("c", sockets=2)
    assert [each.numbers for each in processes.processes("ws") if each.name == "c"] == [{"sockets": 2}]


def test_a_fork_has_a_store_of_its_own():
    """What its parent knew of a Redis that is away is no use to it, nor are locks of its parent's threads."""
    before = store()
    if not (pid := os.fork()):
        os._exit(0 if store() is not before else 1)
    assert os.waitpid(pid, 0)[1] == 0 and store() is before
