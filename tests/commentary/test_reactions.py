"""Reactions are kept many at a time, once per person and kind, and their numbers are always right."""

import random
import threading
import uuid
from collections import Counter
from functools import partial

import pytest
from django.db import connection

from partyline.commentary.handlers import KIND, draw_tallies
from partyline.commentary.models import Event, Note, Reaction, Tally
from partyline.commentary.reactions import COUNTED, KINDS, tallies, write
from partyline.live.kinds import Refused
from partyline.live.state import current
from partyline.live.store import store
from partyline.people.models import Person
from tests import statements

from .conftest import html, over_http, over_socket

pytestmark = pytest.mark.django_db(transaction=True)
AROUND = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA", "SET ")


@pytest.fixture
def note(event, alice):
    return event.note(alice, "Goal!")


@pytest.fixture
def crowd(db):
    return Person.objects.bulk_create(
        Person(username=f"reader {n}", name_key=f"reader {n}") for n in range(20)
    )


def counted():
    """Return what the rows say, and what the tallies say."""
    rows = Counter(Reaction.objects.values_list("note", "kind"))
    told = {(tally.pk, kind): count for tally in Tally.objects.all() for kind, count in tally.counts.items()}
    return dict(rows), told


def test_it_works(act, as_, event, note, bob, charlie):
    for person in (bob, charlie):
        assert act(person, "react", event, note, reaction="wow", on="1") == "ok"
    assert tallies(event.pk) == {note.pk: {"wow": 2}}
    page = html(as_(bob), event)
    assert f'data-tally="{note.pk} wow">2<' in page and page.count('aria-pressed="true" title="Wow"') == 1
    assert act(bob, "react", event, note, reaction="wow", on="0") == "ok"
    assert tallies(event.pk) == {note.pk: {"wow": 1}}
    assert 'aria-pressed="true" title="Wow"' not in html(as_(bob), event)


def test_one_person_feels_several_things_each_once(event, note, bob):
    for kind in [*KINDS, *KINDS]:
        write([(note.pk, bob.pk, kind, True)])
    assert tallies(event.pk) == {note.pk: dict.fromkeys(KINDS, 1)}


def test_what_is_sent_again_changes_nothing(event, note, bob):
    client_id = str(uuid.uuid4())
    for _ in range(2):
        assert over_socket(bob, "react", event, note, reaction="like", on="1", client_id=client_id) == "ok"
    assert tallies(event.pk) == {note.pk: {"like": 1}}
    for _ in range(2):
        over_socket(bob, "react", event, note, reaction="like", on="0", client_id=client_id)
    assert tallies(event.pk) == {note.pk: {}}


def test_of_several_in_one_batch_the_last_counts(note, bob):
    write([(note.pk, bob.pk, "like", on) for on in (True, False, True)])
    assert counted() == ({(note.pk, "like"): 1}, {(note.pk, "like"): 1})
    write([(note.pk, bob.pk, "like", on) for on in (False, True, False)])
    assert counted() == ({}, {})


@pytest.mark.parametrize("size", [1, 200])
def test_three_statements_however_many(event, note, alice, crowd, size, monkeypatch):
    notes = [note, *(event.note(alice, "x") for _ in range(3))]
    before = [(one.pk, person.pk, "sad", True) for one in notes for person in crowd]
    write(before)
    wanted = [(one.pk, person.pk, kind, True) for one in notes for person in crowd for kind in KINDS][:size]
    wanted += [(*row[:3], False) for row in before][:size]
    sent = statements.watch(monkeypatch, *AROUND)
    write(wanted)
    assert len(sent) == 3
    rows, told = counted()
    assert rows == told and rows


def test_what_changes_nothing_counts_nothing(note, bob, monkeypatch):
    write([(note.pk, bob.pk, "like", True)])
    sent = statements.watch(monkeypatch, *AROUND)
    write([(note.pk, bob.pk, "like", True), (note.pk, bob.pk, "wow", False)])
    assert len(sent) == 2


def test_what_is_gone_takes_nobody_with_it(event, note, alice, bob):
    """One batch holds many people's reactions: a note or a person that went must not fail the others'."""
    gone = event.note(alice, "x")
    gone.remove()
    wanted = [(gone.pk, bob.pk), (gone.pk + 1000, bob.pk), (note.pk, bob.pk + 1000), (note.pk, bob.pk)]
    write([(*pair, "like", True) for pair in wanted])
    assert counted() == ({(note.pk, "like"): 1}, {(note.pk, "like"): 1})


def test_counts_are_right_whatever_comes_at_once(event, note, alice, crowd):
    """Several processes write batches over the same rows, in any order; meanwhile a note is removed."""
    notes = [note, *(event.note(alice, "x") for _ in range(4))]
    failed = []

    def storm(seed):
        dice = random.Random(seed)
        try:
            for _ in range(12):
                write(
                    [
                        (
                            dice.choice(notes).pk,
                            dice.choice(crowd).pk,
                            dice.choice([*KINDS]),
                            dice.random() < 0.6,
                        )
                        for _ in range(60)
                    ]
                )
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    def remove():
        try:
            Note.objects.get(pk=notes[-1].pk).remove()
        finally:
            connection.close()

    threads = [threading.Thread(target=storm, args=[seed]) for seed in range(4)]
    threads.append(threading.Thread(target=remove))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    rows, told = counted()
    there = {pair: count for pair, count in rows.items() if pair[0] != notes[-1].pk}
    assert there == {pair: count for pair, count in told.items() if pair[0] != notes[-1].pk} and there
    assert notes[-1].pk not in tallies(event.pk)


def test_an_event_is_deleted_in_the_storm(alice, crowd):
    """Whoever writes meanwhile does not hinder it, and loses nothing of other events."""
    for _ in range(4):
        gone, stays = (Event.objects.create(title="x", author=alice) for _ in range(2))
        notes = [event.note(alice, "x") for event in (gone, stays) for _ in range(6)]
        write([(one.pk, person.pk, "like", True) for one in notes for person in crowd[:10]])
        failed = []

        def storm(seed, notes=notes, failed=failed):
            dice = random.Random(seed)
            each = [(one.pk, person.pk, "like") for one in notes for person in crowd]
            batches = [[(*row, dice.random() < 0.6) for row in dice.sample(each, 100)] for _ in range(8)]
            run([partial(write, batch) for batch in batches], failed)

        threads = [threading.Thread(target=storm, args=[seed]) for seed in range(3)]
        threads.append(threading.Thread(target=run, args=[[gone.delete], failed]))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failed
        assert not Event.objects.filter(title="x").exclude(pk=stays.pk).exists()
        rows, told = counted()
        assert rows == told and rows
        stays.delete()


def run(calls, failed):
    """Call each in this thread, and keep what goes wrong."""
    try:
        for call in calls:
            call()
    except Exception as error:
        failed.append(error)
    finally:
        connection.close()


def test_who_is_deleted_is_counted_no_longer(event, note, bob, charlie):
    write([(note.pk, person.pk, "like", True) for person in (bob, charlie)])
    charlie.delete()
    assert counted() == ({(note.pk, "like"): 1}, {(note.pk, "like"): 1})


def test_the_numbers_are_shown_where_somebody_looks(event, note, bob):
    current(event.key)
    over_socket(bob, "react", event, note, reaction="like", on="1")
    assert f'{{"{note.pk}":{{"like":1}}}}' in store().states(event.key)["tallies"].html


def test_those_that_changed_last_are_told(event, alice, bob):
    notes = [event.note(alice, "x") for _ in range(COUNTED + 2)]
    for one in notes:
        write([(one.pk, bob.pk, "like", True)])
    told = tallies(event.pk)
    assert len(told) == COUNTED and notes[0].pk not in told and notes[-1].pk in told
    write([(notes[0].pk, bob.pk, "like", False)])
    assert tallies(event.pk)[notes[0].pk] == {}
    assert "&quot;" not in draw_tallies(str(event.pk))


def test_an_edit_keeps_the_numbers(event, note, bob):
    from .conftest import log

    write([(note.pk, bob.pk, "like", True)])
    Note.objects.get().edit("Goal! 1:0")
    assert f'data-tally=\\"{note.pk} like\\">1<' in log(event)


@pytest.mark.parametrize(
    "wrong",
    [{"reaction": "hate"}, {"reaction": ""}, {"on": "2"}, {"on": ""}, {"client_id": "x"}],
    ids=str,
)
def test_what_is_damaged_is_refused(event, note, bob, wrong):
    fields = {"reaction": "like", "on": "1"} | wrong
    assert over_socket(bob, "react", event, note, **fields) != "ok"
    assert over_http(bob, "react", event, note, **fields) == 422
    assert not Reaction.objects.exists()


@pytest.mark.parametrize("pk", ["0", "x", "999", "9" * 30, ""])
def test_a_note_that_is_none(event, note, bob, pk):
    fields = {"note": pk, "reaction": "like", "on": "1", "client_id": str(uuid.uuid4())}
    with pytest.raises(Refused):
        KIND.handlers["react"](bob, str(event.pk), fields)


def test_who_may(event, open_event, note, alice, charlie, nobody):
    fields = {"reaction": "like", "on": "1"}
    assert over_socket(nobody, "react", event, note, **fields) == "not_allowed"
    assert over_http(nobody, "react", event, note, **fields) == "sign in"
    assert over_socket(charlie, "react", open_event, note, **fields) == "invalid"  # a note of another event
    event.end()
    assert over_socket(charlie, "react", event, note, **fields) == "not_allowed"
    assert over_http(charlie, "react", event, note, **fields) == 403
    assert not Reaction.objects.exists()
