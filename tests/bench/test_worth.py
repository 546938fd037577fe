"""A drill that proves nothing, or in which people met what they should not, is not passed."""

from collections import Counter
from types import SimpleNamespace

import pytest

from bench.faults import Fault, Happened
from bench.outcome import LIMITED, unexpected, worthless
from bench.party import Guest, Said

KEY = "room:1"


def stream(**other):
    return SimpleNamespace(**{"shown": {1: "hello"}, "forbidden": False, "refused": False} | other)


def page(**other):
    outbox = SimpleNamespace(codes=Counter(), failed={})
    usual = {
        "name": "Alice",
        "lives": 2,
        "gaps": [(1, 2)],
        "moved": 0,
        "stopped": 0,
        "errors": [],
        "strange": [],
    }
    return SimpleNamespace(**usual | {"streams": {KEY: stream()}, "outbox": outbox} | other)


@pytest.fixture
def drill():
    """A drill in which all is well."""
    room = SimpleNamespace(key=KEY)
    guests = [Guest(None, page(), room)]
    party = SimpleNamespace(
        rooms=[room], guests=guests, unexpected=[], too_fast=0, said=[Said(KEY, "id", "a", "a")]
    )
    return SimpleNamespace(
        stack=SimpleNamespace(per_kind=15.0), knobs={"SECONDS": 60}, kinds=[Fault("kill -9 ws", "ws", None)],
        happened=[Happened("kill -9 ws", "ws", 1)], party=party, pages=[guests[0].client],
    )  # fmt: skip


def test_it_is_content_where_all_is_well(drill):
    assert [*worthless(drill), *unexpected(drill.party)] == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"happened": []}, "no fault happened"),
        ({"kinds": [Fault("FLUSHALL", "redis", None)]}, "never happened: FLUSHALL"),
        ({"pages": [page(gaps=[])]}, "no page ever lost its socket"),
    ],
)
def test_a_drill_without_hurt_is_worth_nothing(drill, changes, words):
    vars(drill).update(changes)
    assert words in worthless(drill)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"lives": 0}, "Alice never connected"),
        ({"streams": {KEY: stream(shown={})}}, "Alice was shown nothing in room:1"),
        ({"streams": {KEY: stream(forbidden=True)}}, "Alice asked for room:1 and was never refused"),
    ],
)
def test_a_page_that_took_no_part_makes_it_worth_nothing(drill, changes, words):
    drill.party.guests[0].client = page(**changes)
    assert words in worthless(drill)


def test_a_silent_room_makes_it_worth_nothing(drill):
    drill.party.said.clear()
    assert "nothing was said in room:1" in worthless(drill)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"streams": {KEY: stream(refused=True)}}, "refused room:1"),
        ({"stopped": 4429}, LIMITED),
        ({"stopped": 4401}, "told to stay away with 4401"),
        ({"outbox": SimpleNamespace(codes=Counter(too_fast=1), failed={})}, LIMITED),
        ({"outbox": SimpleNamespace(codes=Counter(), failed={"id": "error"})}, "never be said: error"),
        ({"errors": [{"error": "bad_frame"}]}, "bad_frame"),
        ({"strange": [{"stream": "room:9"}]}, "room:9"),
    ],
)
def test_what_nobody_should_meet_is_named(drill, changes, words):
    drill.party.guests[0].client = page(**changes)
    assert any(words in each for each in unexpected(drill.party))


def test_answers_to_forms_are_looked_at(drill):
    drill.party.unexpected.append("a form was answered with 500")
    drill.party.too_fast = 1
    assert list(unexpected(drill.party)) == ["a form was answered with 500", LIMITED]
