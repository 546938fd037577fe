"""Several processes over one store agree on who is here; one pruner learns of each join and leave."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from partyline.live import notices, presence, presence_store
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import Away, store
from tests.site import until

ALICE, BOB, CAROL = 1, 2, 3
KEY = "hall:1"


@pytest.fixture
def told():
    """Return all (joined, left) that were told; a hall shows who is in it."""
    kind = Kind("hall", may_see=lambda person, id: True, presence=lambda id, people: f"{sorted(people)}")
    register(kind)
    told = []

    def note(sender, key, joined, left, **kwargs):
        told.append((joined, left))

    presence.presence_changed.connect(note)
    yield told
    presence.presence_changed.disconnect(note)
    del _kinds["hall"]


@pytest.fixture
def shown(told, monkeypatch):
    """Return [(v, html)] as it was sent to the pages."""
    shown = []
    monkeypatch.setattr(notices, "state", lambda key, name, v, frame: shown.append((v, frame)))
    return shown


@pytest.fixture
def quick(monkeypatch):
    """Let decisions follow each other at once, and people's time be short."""
    monkeypatch.setattr(presence_store, "PACE_SECONDS", 0)
    monkeypatch.setattr(presence_store, "SETTLE_SECONDS", 0.5)
    monkeypatch.setattr(presence, "GRACE_SECONDS", 0.2)


def here(process, *people, seconds=30):
    return presence.tell({KEY: dict.fromkeys(people, False)}, {}, process, seconds=seconds)


def gone(process, *people):
    presence.tell({}, {KEY: people}, process)


def test_it_works(told, shown, quick):
    here("one", ALICE)
    here("two", ALICE, BOB)
    here("three", CAROL)
    presence.prune([KEY])
    assert told == [([ALICE, BOB, CAROL], [])]
    assert f"{[ALICE, BOB, CAROL]}" in shown[-1][1]
    assert presence.here_counts([KEY]) == {KEY: 3}
    presence.prune([KEY])
    assert len(told) == len(shown) == 1


def test_who_moves_to_another_process_stays(told, quick):
    here("one", ALICE, BOB)
    presence.prune([KEY])
    here("two", ALICE)
    gone("one", ALICE, BOB)
    until(lambda: presence.prune([KEY]) and len(told) == 2, "Bob's grace is over")
    assert told == [([ALICE, BOB], []), ([], [BOB])]
    assert presence.people_in(KEY) == {ALICE: False}


def test_a_killed_processs_people_go_once_and_those_who_came_back_stay(told, quick):
    here("one", ALICE, BOB, seconds=0.5)  # then it is killed: nobody renews
    presence.prune([KEY])
    here("two", ALICE)
    until(lambda: presence.prune([KEY]) and len(told) == 2, "Bob's time is over")
    assert told[1] == ([], [BOB])


def test_exactly_one_pruner_learns_of_a_join_and_of_a_leave(told, quick):
    people = list(range(1, 21))

    def prune_all(_):
        for _ in range(10):
            presence.prune([KEY])

    with ThreadPoolExecutor(6) as threads:
        rounds = threads.map(prune_all, range(6))
        for person in people:
            here("one", person)
        list(rounds)
        presence.prune([KEY])
        assert sorted(id for joined, _ in told for id in joined) == people
        assert not any(left for _, left in told)
        gone("one", *people)
        until(lambda: not presence.people_in(KEY), "the grace is over")
        list(threads.map(prune_all, range(6)))
    assert sorted(id for _, left in told for id in left) == people


def test_what_was_decided_but_not_shown_is_shown_by_the_next(told, shown, quick, monkeypatch):
    here("one", ALICE)
    with monkeypatch.context() as killed:
        killed.setattr(presence, "_show", lambda key, decision: None)
        presence.prune([KEY])
    assert told and not shown
    presence.prune([KEY])
    assert len(told) == len(shown) == 1


def test_of_two_that_show_at_once_the_newer_decision_stays(told, shown, quick):
    here("one", ALICE)
    _, first = store().prune([KEY])
    here("two", BOB)
    _, second = store().prune([KEY])
    presence._show(KEY, second[KEY])
    presence._show(KEY, first[KEY])  # it was slower
    assert first[KEY].v < second[KEY].v == store().states(KEY)["presence"].v
    assert [v for v, _ in shown] == [second[KEY].v]


def test_the_first_is_shown_at_once_and_the_next_together(told, shown, monkeypatch):
    monkeypatch.setattr(presence_store, "PACE_SECONDS", 1000)
    here("one", ALICE)
    assert presence.prune([KEY])[1] == {}
    assert len(shown) == 1
    here("two", BOB)
    here("three", CAROL)
    _, waits = presence.prune([KEY])
    assert 0 < waits[KEY] < 1100
    monkeypatch.setattr(presence_store, "PACE_SECONDS", 0)
    presence.prune([KEY])
    assert told == [([ALICE], []), ([BOB, CAROL], [])]
    assert len(shown) == 2


def test_an_empty_hall_is_found_by_any_process(told, quick):
    here("one", ALICE, seconds=0.2)  # the only process that looked at it is killed
    presence.prune([KEY])
    until(lambda: KEY in presence.unseen()[1], "nobody has renewed it")
    until(lambda: presence.prune(presence.unseen()[1] or [KEY]) and len(told) == 2, "Alice's time is over")
    assert told[1] == ([], [ALICE])
    assert KEY not in presence.unseen()[1]


def test_a_listener_that_fails_and_a_drawing_that_fails_harm_nobody(told, shown, quick):
    def fail(*args, **kwargs):
        raise RuntimeError("somebody's mistake")

    register(Kind("broken", may_see=lambda person, id: True, presence=fail))
    presence.presence_changed.connect(fail)
    try:
        presence.touch("broken:1", [ALICE])
        here("one", ALICE)
        presence.prune(["broken:1", KEY])
    finally:
        presence.presence_changed.disconnect(fail)
        del _kinds["broken"]
    assert len(shown) == 1


def test_without_redis_nothing_raises(told, monkeypatch):
    def away(*args):
        raise Away("gone")

    for name in ("touch", "prune", "tick", "here_all"):
        monkeypatch.setattr(store(), name, away)
    assert here("one", ALICE) is None
    assert presence.prune([KEY]) == (None, {})
    assert presence.unseen() == (None, [])
    assert presence.people_in(KEY) == {}
    assert presence.here_counts([KEY]) == {KEY: 0}


@pytest.fixture
def redis():
    if not hasattr(store(), "redis"):
        pytest.skip("a store in memory forgets nothing")
    return store().redis


def two_halls_people(since=""):
    return [
        presence.tell({KEY: {person: False}}, {}, process, since)
        for process, person in (("one", ALICE), ("two", BOB))
    ]


def test_a_flush_shows_nobody_as_gone(redis, told, shown, quick):
    since, _ = two_halls_people()
    presence.prune([KEY])
    redis.flushall()
    renewed, _ = presence.unseen(since)  # what every process asks every two seconds
    assert renewed != since, "from this a process learns that it must count its people again"
    presence.tell({KEY: {ALICE: False}}, {}, "one", renewed)
    _, waits = presence.prune([KEY], renewed)
    assert waits[KEY] > 0, "the others have not counted theirs yet"
    assert len(shown) == 1
    presence.tell({KEY: {BOB: False}}, {}, "two", renewed)
    until(lambda: not presence.prune([KEY], renewed)[1], "all have had their time")
    assert [left for _, left in told if left] == []
    assert all(f"{[ALICE, BOB]}" in frame for _, frame in shown)
    assert len(store().states(KEY)) == 1, "for who comes now"


def test_an_outage_longer_than_peoples_time_shows_nobody_as_gone(redis, told, shown, quick, monkeypatch):
    monkeypatch.setattr(presence_store, "GAP_SECONDS", 0.1)
    monkeypatch.setattr(presence, "TTL_SECONDS", 0.3)
    since, _ = two_halls_people()
    presence.prune([KEY])
    until(lambda: not presence.people_in(KEY), "nobody could renew")
    monkeypatch.setattr(presence, "TTL_SECONDS", 30)
    monkeypatch.setattr(presence_store, "GAP_SECONDS", 30)
    store().redis.hset("presence", "last", 1)  # long ago
    _, waits = presence.prune([KEY], since)
    assert waits[KEY] > 0
    renewed, _ = two_halls_people(since)
    assert renewed != since
    until(lambda: not presence.prune([KEY], renewed)[1], "all have had their time")
    assert [left for _, left in told if left] == []
    assert len(shown) == 1
