"""Who adds, changes, removes, marks and pins, by frames and forms alike; an outsider does nothing."""

import pytest

from partyline.commentary.models import Note
from partyline.live.models import Entry

from .conftest import over_http, over_socket

DEEDS = {
    "edit": {"text": "better"},
    "remove": {},
    "key": {"on": "1"},
    "pin": {"on": "1"},
}
# (who, of whose note, in which event, whether they may)
TABLE = [
    ("alice", "alice", "event", True),  # the author: everything
    ("alice", "bob", "event", True),
    ("bob", "bob", "event", True),  # a commentator: what is their own
    ("bob", "alice", "event", False),
    ("charlie", "alice", "event", False),  # an outsider
    ("charlie", "charlie", "event", False),  # … who once was none
    ("charlie", "charlie", "open_event", True),  # where everybody writes: what is their own
    ("charlie", "alice", "open_event", False),
    ("nobody", "alice", "event", False),
    ("nobody", "alice", "open_event", False),
]


def refused(answer):
    return answer in ("not_allowed", 403, "sign in")


@pytest.mark.parametrize("type", DEEDS)
@pytest.mark.parametrize("who, whose, where, may", TABLE)
def test_a_note(request, act, type, who, whose, where, may, charlie):
    event = request.getfixturevalue(where)
    note = event.note(request.getfixturevalue(whose), "first words")
    before = Entry.objects.count()
    answer = act(request.getfixturevalue(who), type, event, note, **DEEDS[type])
    now = Note.objects.get()
    changed = (now.text, now.removed is not None, now.is_key) != ("first words", False, False)
    event.refresh_from_db()
    assert (changed or event.pinned_id == note.pk) is may
    assert answer == "ok" if may else refused(answer)
    assert (Entry.objects.count() > before) is may


@pytest.mark.parametrize(
    "who, where, may",
    [
        ("alice", "event", True),
        ("bob", "event", True),
        ("charlie", "event", False),
        ("charlie", "open_event", True),
        ("nobody", "open_event", False),
    ],
)
def test_adding(request, act, who, where, may, charlie):
    event = request.getfixturevalue(where)
    answer = act(request.getfixturevalue(who), "note", event, text="hello")
    assert answer == "ok" if may else refused(answer)
    assert Note.objects.exists() is may


def test_to_what_has_ended_nothing_is_added_but_mistakes_are_mended(act, event, alice):
    note = event.note(alice, "Kick-of")
    event.end()
    assert refused(act(alice, "note", event, text="more"))
    assert act(alice, "edit", event, note, text="Kick-off") == "ok"
    assert Note.objects.get().text == "Kick-off"
    event.reopen()
    assert act(alice, "note", event, text="more") == "ok"


def test_who_is_no_commentator_any_more(act, event, bob):
    note = event.note(bob, "mine")
    event.commentators.remove(bob)
    assert refused(act(bob, "note", event, text="more"))
    assert refused(act(bob, "edit", event, note, text="other"))


@pytest.mark.parametrize("type", DEEDS)
def test_a_note_of_another_event(type, event, open_event, alice):
    note = open_event.note(alice, "elsewhere")
    assert over_socket(alice, type, event, note, **DEEDS[type]) == "invalid"
    assert over_http(alice, type, event, note, **DEEDS[type]) == 404
    assert Note.objects.get().text == "elsewhere"


@pytest.mark.parametrize("name", ["settings", "commentators", "end"])
def test_only_the_author_runs_the_event(as_, event, bob, charlie, nobody, name):
    for person in (bob, charlie, nobody):
        assert refused(over_http(person, name, event, name="charlie"))
    event.refresh_from_db()
    assert event.ended is None and list(event.commentators.all()) == [bob]


def test_who_may_not_is_shown_no_form(as_, client, event, bob, charlie):
    page = as_(bob).get(event.get_absolute_url()).content.decode()
    assert "What is happening?" in page and "may-write" in page
    for reader in (as_(charlie), client):
        page = reader.get(event.get_absolute_url()).content.decode()
        assert "What is happening?" not in page and "is-author" not in page and "may-write" not in page
        assert "/settings/" not in page


def test_the_frames_and_pages_of_one_note_are_in_the_table():
    from partyline.commentary.handlers import KIND
    from partyline.commentary.note_views import DEEDS as PAGES

    assert KIND.handlers.keys() == DEEDS.keys() | {"note", "react"}
    assert PAGES.keys() == DEEDS.keys() | {"react"}
