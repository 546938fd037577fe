"""The site's numbers are sampled by one process of all, kept for a while, and people count once."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from partyline.live import site
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import Away, store
from tests.site import until

from .own_redis import MISSING, own_redis  # noqa: F401


@pytest.fixture
def counted():
    """Register a kind with numbers; counted["times"] tells how often they were asked for."""
    counted = {"times": 0}

    def count():
        counted["times"] += 1
        return counted["times"]

    kind = Kind("thing", may_see=lambda *_: True, numbers={"Things": count}, gauges=lambda: {"secret": 7})
    register(kind)
    yield counted
    del _kinds["thing"]


@pytest.fixture
def long_turns(monkeypatch):
    monkeypatch.setattr(site, "SAMPLE_SECONDS", 1000)


def test_it_works(counted, db):
    before = time.time()
    assert site.sample()
    (found,) = site.samples()
    assert found.numbers["Things"] == 1 and found.gauges["secret"] == 7
    assert before <= found.at <= time.time()


def test_one_process_of_all_samples(counted, db, long_turns, monkeypatch):
    monkeypatch.setattr(site.kinds, "numbers", lambda: list(_kinds["thing"].numbers.items()))
    monkeypatch.setattr(site.kinds, "gauges", lambda: [])
    with ThreadPoolExecutor(8) as processes:
        assert sum(processes.map(lambda _: site.sample(), range(50))) == 1
    assert counted["times"] == 1 and len(site.samples()) == 1


def test_old_ones_go(counted, db, monkeypatch):
    monkeypatch.setattr(site, "SAMPLES", 3)
    monkeypatch.setattr(site, "SAMPLE_SECONDS", 0.001)
    for _ in range(5):
        until(site.sample, "it is our turn", pause=0.002)
    assert [sample.numbers["Things"] for sample in site.samples()] == [3, 4, 5], "the newest last"


def test_of_before_a_long_silence_nothing_is_told(counted, db, monkeypatch):
    assert site.sample()
    later = time.time() + site.LINE_SECONDS + 1
    monkeypatch.setattr(site.time, "time", lambda: later)
    assert site.samples() == []


def test_a_number_that_fails_is_not_known_and_stops_no_other(counted, db):
    def crash():
        raise RuntimeError("a product's mistake")

    register(Kind("broken", may_see=lambda *_: True, numbers={"Broken": crash}, gauges=crash))
    try:
        assert site.sample()
    finally:
        del _kinds["broken"]
    (found,) = site.samples()
    assert found.numbers["Broken"] is None and found.numbers["Things"] == 1 and found.gauges["secret"] == 7


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_while_redis_is_away_nobody_asks_the_database(own_redis, counted):  # noqa: F811
    own_redis.kill()
    for _ in range(3):
        with pytest.raises(Away):
            site.sample()
    assert counted["times"] == 0


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_after_a_flush_it_begins_anew(own_redis, counted, db):  # noqa: F811
    assert site.sample()
    own_redis.cli("flushall")
    assert site.samples() == [] and site.sample() and len(site.samples()) == 1


class Hub:
    """So many sockets, each of a person, or of nobody (None)."""

    def __init__(self, *people):
        self.become(*people)

    def become(self, *people):
        self.sockets = [SimpleNamespace(person=SimpleNamespace(pk=pk)) for pk in people]


def test_people_count_once_over_all_processes():
    site.PeopleHere(Hub(1, 1, 2, None)).tell()
    site.PeopleHere(Hub(2, 3)).tell()
    assert site.people_here() == 3


def test_a_socket_that_is_being_taken_has_nobody_yet():
    hub = Hub(1)
    hub.sockets.append(SimpleNamespace(person=None))
    site.PeopleHere(hub).tell()
    assert site.people_here() == 1


def test_who_comes_counts_at_once_and_who_goes_after_a_while(monkeypatch):
    monkeypatch.setattr(site, "HERE_SECONDS", 2)
    hub = Hub(1)
    people = site.PeopleHere(hub)
    people.tell()
    hub.become(1, 2)
    people.tell()
    assert site.people_here() == 2
    hub.become(1)

    def told():
        people.tell()
        return site.people_here() == 1

    until(told, "who went is forgotten, who stays is not")


def test_who_stays_is_not_told_every_time(monkeypatch):
    told = []
    monkeypatch.setattr(type(store()), "renew_people", lambda self, ids, seconds: told.append(set(ids)))
    hub = Hub(1, 2)
    people = site.PeopleHere(hub)
    people.tell()
    people.tell()
    hub.become(1, 2, 3)
    people.tell()
    assert told == [{1, 2}, {3}]


def test_as_many_as_there_are():
    site.PeopleHere(Hub(*range(1, 2501))).tell()
    assert site.people_here() == 2500
