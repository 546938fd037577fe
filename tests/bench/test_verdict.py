"""A drill that cannot fail is worth nothing: every kind of difference is seen and named."""

import dataclasses

import pytest

from bench.party import Said
from bench.truth import Message, Truth
from bench.verdict import HEADS_CHECK, Seen, judge

KEY, OTHER = "room:1", "room:2"
LINES = [(1, "one"), (2, "two"), (4, "four")]  # 3 is in the other room


@pytest.fixture
def truth():
    """Three messages in one room, one in another."""
    rows = [Message(number, f"id-{number}", text) for number, text in LINES]
    entries = [(seq, f"message:{number}", False) for seq, (number, _) in enumerate(LINES, 1)]
    return Truth(
        {KEY: rows, OTHER: [Message(3, "id-3", "secret")]},
        {KEY: 3, OTHER: 1},
        {KEY: entries, OTHER: [(1, "message:3", False)]},
    )


@pytest.fixture
def said():
    one = [Said(KEY, f"id-{number}", text, text, acknowledged=True) for number, text in LINES]
    return [*one, Said(OTHER, "id-3", "secret", "secret", acknowledged=True)]


def page(lines=LINES, **other):
    return Seen("Alice", KEY, list(lines), **{"head": 3} | other)


def test_it_is_content_where_all_is_well(truth, said):
    verdict = judge([page(), page(LINES[1:], since=2)], said, truth)
    assert not verdict.words and not verdict.counts


DIFFERENT = {
    "missing in the middle": (page([LINES[0], LINES[2]]), "missing"),
    "missing at the end": (page(LINES[:2]), "missing"),
    "missing at the top": (page(LINES[1:]), "missing"),
    "not yet at the head": (page(head=2), "missing"),
    "shown nothing": (page([]), "missing"),
    "doubled": (page([*LINES, LINES[0]]), "doubled"),
    "doubled under another number": (page([LINES[0], (2, "one"), LINES[2]]), "doubled"),
    "swapped": (page([LINES[0], LINES[2], LINES[1]]), "out of order"),
    "a line of another room": (page([*LINES, (3, "secret")]), "for the wrong eyes"),
    "a line of nowhere": (page([*LINES, (99, "?")]), "for the wrong eyes"),
    "another text": (page([LINES[0], (2, "too"), LINES[2]]), "otherwise wrong"),
    "a frame for somebody else": (page([], allowed=False, leaked=1), "for the wrong eyes"),
    "a line for somebody else": (page(LINES[:1], allowed=False), "for the wrong eyes"),
    "a hole before the loss": (page([LINES[0], LINES[2]], whole=False, lost=100.0), "missing"),
}


@pytest.mark.parametrize("seen, kind", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_page_that_differs_is_named(truth, said, seen, kind):
    verdict = judge([page(), seen], said, truth)
    assert (
        verdict.counts[kind]
        and "Alice in room:1" in "".join(verdict.words)
        or "Alice got" in verdict.words[0]
    )


def test_who_lost_a_stream_needs_nothing_newer(truth, said):
    assert not judge([page(LINES[:1], head=1, whole=False, lost=100.0)], said, truth).words


def test_who_lost_a_stream_may_be_shown_nothing_newer(truth, said):
    lost = page(whole=False, lost=100.0)
    said[1].at = 100.0 + HEADS_CHECK
    assert not judge([lost], said, truth).words
    said[2].at = 100.1 + HEADS_CHECK
    assert judge([lost], said, truth).counts == {"for the wrong eyes": 1}


def test_a_loss_waits_for_a_database_that_is_away(truth, said):
    lost = page(whole=False, lost=100.0)
    said[2].at = 115.0
    assert judge([lost], said, truth).words
    assert not judge([lost], said, truth, away=[(101.0, 110.0)]).words
    assert judge([lost], said, truth, away=[(90.0, 99.0), (116.0, 120.0)]).words


def test_what_was_removed_is_shown_by_nobody(truth, said):
    truth.messages[KEY][1].text = said[1].text = None
    truth.entries[KEY].append((4, "message:2", True))
    truth.heads[KEY] = 4
    assert not judge([page([LINES[0], LINES[2]], head=4)], said, truth).words
    assert judge([page(head=4)], said, truth).counts["otherwise wrong"]


@pytest.mark.parametrize("acknowledged", [True, False])
def test_what_was_said_and_is_not_there_is_missing(truth, said, acknowledged):
    said.append(Said(KEY, "id-9", "nine", "nine", acknowledged))
    assert judge([page()], said, truth).counts == {"missing": 1}


def test_two_rows_of_one_message_are_doubled(truth, said):
    truth.messages[KEY].append(Message(5, "id-4", "four"))
    assert judge([], said, truth).counts["doubled"] == 1


def test_other_differences_of_what_was_said(truth, said):
    assert judge([], said[1:], truth).counts == {"otherwise wrong": 1}, "nobody said it"
    unanswered = [dataclasses.replace(said[0], acknowledged=False), *said[1:]]
    assert judge([], unanswered, truth).counts == {"otherwise wrong": 1}
    edited = [dataclasses.replace(said[0], text="one, and more"), *said[1:]]
    assert judge([], edited, truth).counts == {"otherwise wrong": 1}


def test_the_log_itself_is_looked_at(truth, said):
    whole = list(truth.entries[KEY])
    truth.entries[KEY] = [whole[0], whole[2]]
    assert judge([], said, truth).counts["missing"] == 1, "a hole in its numbers"
    truth.entries[KEY] = [*whole, (4, "message:4", False)]
    truth.heads[KEY] = 4
    assert judge([], said, truth).counts["doubled"] == 1
    truth.heads[KEY] = 3
    truth.entries[KEY] = [(1, "message:2", False), (2, "message:1", False), whole[2]]
    assert judge([], said, truth).counts["out of order"] == 1
