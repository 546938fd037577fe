"""What is removed is gone: from log, pages, states, feed and database; a resend tells it not again."""

import uuid

import pytest

from partyline.commentary.models import Note, Reaction, Tally
from partyline.commentary.reactions import write
from partyline.live.log import read
from partyline.live.models import Entry
from partyline.live.state import current

from .conftest import html, log, over_socket

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(client, event, alice, bob):
    current(event.key)
    note = event.note(alice, "secret", source_title="secret source", source_url="https://secret.example/")
    note.mark_key(True)
    note.pin(True)
    note.edit("secret again")
    write([(note.pk, bob.pk, "like", True)])
    note.remove()
    states = "".join(frame for _, _, frame in current(event.key))
    everything = [html(client, event), html(client, event, "feed/"), html(client, event, "?only=key"), states]
    assert not any("secret" in text for text in [*everything, log(event)])
    assert f'"{note.pk}"' not in states
    note = Note.objects.get()
    assert (note.text, note.source_title, note.source_url, note.is_key) == ("", "", "", False)
    assert not Reaction.objects.exists() and not Tally.objects.exists()
    event.refresh_from_db()
    assert event.pinned is None
    assert [entry.seq for entry in read(event.key, 0, 10)] == [1, 2, 3, 4, 5]


def test_an_edit_leaves_nothing_of_before(event, alice):
    note = event.note(alice, "first words")
    note.edit("better")
    assert "first words" not in log(event) and "better" in log(event) and "edited" in log(event)


def test_a_resend_tells_it_not_again(event, alice):
    client_id = uuid.uuid4()
    note = event.note(alice, "secret", client_id)
    note.remove()
    assert event.note(alice, "secret", client_id).pk == note.pk
    assert event.told().count() == 0 and "secret" not in log(event)


def test_an_edit_that_is_sent_again_changes_nothing(event, alice):
    note, client_id = event.note(alice, "first words"), str(uuid.uuid4())
    for text, id in (("better", client_id), ("best", str(uuid.uuid4())), ("better", client_id)):
        assert over_socket(alice, "edit", event, note, text=text, client_id=id) == "ok"
    assert Note.objects.get().text == "best" and Entry.objects.filter(stream=event.key).count() == 3


def test_the_same_text_is_no_edit(event, alice):
    note = event.note(alice, "words")
    note.edit("words")
    assert Note.objects.get().edited is None and Entry.objects.count() == 1


def test_what_is_removed_stays_so(event, alice, bob):
    note = event.note(alice, "secret")
    note.remove()
    note.remove()
    note.edit("back")
    note.mark_key(True)
    note.pin(True)
    write([(note.pk, bob.pk, "like", True)])
    assert Entry.objects.count() == 2 and not Reaction.objects.exists()
    assert over_socket(alice, "edit", event, note, text="back") == "invalid"


def test_with_the_event_all_goes(event, alice, bob):
    note = event.note(alice, "secret")
    note.pin(True)
    write([(note.pk, bob.pk, "like", True)])
    event.delete()
    assert not any(model.objects.exists() for model in (Note, Reaction, Tally))
    assert not Entry.objects.filter(stream=event.key).exists()
