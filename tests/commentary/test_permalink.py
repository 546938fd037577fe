"""Every note has an address: it, and what came before it; what never was is 404, what is removed 410."""

import pytest

from partyline.live.log import position

from .conftest import html


@pytest.fixture
def notes(event, alice):
    return [event.note(alice, text) for text in ("first", "second", "third")]


def test_it_works(client, event, notes):
    page = client.get(notes[1].get_absolute_url()).content.decode()
    assert ">second<" in page and ">first<" in page and ">third<" not in page
    assert "note aim" in page and f'href="{event.get_absolute_url()}"' in page
    assert "ws-connect" not in page and "data-stream" not in page


def test_every_note_of_the_page_links_to_its_own(client, event, notes):
    page = html(client, event)
    assert all(f'href="{note.get_absolute_url()}"' in page for note in notes)


def test_what_is_removed_is_gone(client, event, notes):
    notes[1].remove()
    response = client.get(notes[1].get_absolute_url())
    assert response.status_code == 410 and "second" not in response.content.decode()


def test_what_never_was(client, event, open_event, notes):
    for pk in (0, 10**30, notes[-1].pk + 1):
        assert client.get(f"{event.get_absolute_url()}notes/{pk}/").status_code == 404
    assert client.get(f"{open_event.get_absolute_url()}notes/{notes[0].pk}/").status_code == 404


def test_htmx_gets_the_note_alone(client, event, notes):
    """What a cancelled edit leads to."""
    page = client.get(notes[1].get_absolute_url(), HTTP_HX_REQUEST="true").content.decode()
    assert ">second<" in page and "<html" not in page and 'hx-swap-oob="true"' in page


def test_reading_moves_nothing(client, event, notes):
    before = position(event.key)
    client.get(notes[0].get_absolute_url())
    assert position(event.key) == before
