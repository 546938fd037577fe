"""Processes say that they live, and are forgotten when they stop."""

import json

from partyline.live import processes
from partyline.live.store import store
from tests.site import until


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
    assert found.takes and found.numbers == {"sockets": 3} and found.started == processes.STARTED


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
