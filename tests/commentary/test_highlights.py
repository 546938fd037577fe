"""What is pinned stands on top, key moments are a list; both are state, shown when they change."""

import pytest

from partyline.commentary import pages
from partyline.commentary.handlers import draw_highlights
from partyline.live.log import position
from partyline.live.state import current, show

from .conftest import html, log

pytestmark = pytest.mark.django_db(transaction=True)  # what is shown, is shown after COMMIT


@pytest.fixture
def watched(event):
    """Have somebody look at the event."""
    current(event.key)
    return event


def shown(event):
    from partyline.live.store import store

    return store().states(event.key)["highlights"].html


def test_it_works(client, watched, alice):
    note = watched.note(alice, "Goal!")
    assert "Goal!" not in shown(watched)
    note.mark_key(True)
    assert "Key moments" in shown(watched) and "Goal!" in shown(watched)
    note.pin(True)
    assert "Summary" in shown(watched) and "Pinned" in log(watched)
    page = html(client, watched)
    assert 'id="pinned-title"' in page and 'class="note key"' in page
    note.mark_key(False)
    note.pin(False)
    assert "Goal!" not in shown(watched) and 'class="note key"' not in log(watched)


def test_one_is_pinned_at_a_time(watched, alice):
    first, second = watched.note(alice, "first"), watched.note(alice, "second")
    first.pin(True)
    second.pin(True)
    watched.refresh_from_db()
    assert watched.pinned == second and "first" not in shown(watched)
    assert (
        log(watched).count('<span class=\\"tag\\">Pinned</span>') == 2
    )  # told once and amended once: the second's
    first.pin(False)  # it is not pinned any more: nothing changes
    watched.refresh_from_db()
    assert watched.pinned == second


def test_what_is_so_already_changes_nothing(watched, alice):
    note = watched.note(alice, "Goal!")
    for do in (note.mark_key, note.pin):
        do(False)
        assert position(watched.key).seq == 1
    note.mark_key(True)
    note.mark_key(True)
    assert position(watched.key).seq == 2


def test_an_edit_reaches_it(watched, alice):
    note = watched.note(alice, "Gaol!")
    note.pin(True)
    note.edit("Goal!")
    assert "Goal!" in shown(watched) and "Gaol!" not in shown(watched)


def test_where_nobody_looks_nothing_is_shown(event, alice, monkeypatch):
    monkeypatch.setattr("partyline.live.state.show", lambda *args: pytest.fail("shown to nobody"))
    event.note(alice, "Goal!").mark_key(True)


def test_who_shows_last_has_looked_last(watched, alice, monkeypatch):
    """Another process changes it between our look and our showing."""
    first, second = watched.note(alice, "first"), watched.note(alice, "second")
    looked = []

    def slow(*args):
        if not looked:
            looked.append(1)
            second.mark_key(True)
        show(*args)

    monkeypatch.setattr("partyline.live.state.show", slow)
    first.mark_key(True)
    assert "first" in shown(watched) and "second" in shown(watched)


def test_a_key_moment_leads_to_its_place_or_to_its_page(watched, alice, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 2)
    notes = [watched.note(alice, f"told {number}") for number in range(3)]
    for note in notes:
        note.mark_key(True)
    drawn = draw_highlights(str(watched.pk))
    assert f'"{notes[0].get_absolute_url()}"' in drawn
    assert f'"{watched.get_absolute_url()}#note-{notes[1].pk}"' in drawn
