"""A note is edited where it stands, by htmx; without it, on a page of its own."""

import uuid

import pytest
from django.urls import reverse

from partyline.commentary import note_views
from partyline.commentary.models import Note, Reaction

from .conftest import log

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def note(event, alice):
    return event.note(alice, "first words")


def address(note, deed):
    return reverse(f"commentary:{deed}", args=[note.event_id, note.pk])


def form(text="better"):
    return {"text": text, "client_id": uuid.uuid4()}


def test_it_works(as_, alice, note):
    client = as_(alice)
    page = client.get(address(note, "edit"), **HTMX).content.decode()
    assert page.startswith(f'<li id="editor-{note.pk}"') and ">first words</textarea>" in page
    assert "csrfmiddlewaretoken" in page and "autofocus" in page and f'for="text-{note.pk}"' in page
    done = client.post(address(note, "edit"), form(), **HTMX).content.decode()
    assert ">better<" in done and 'hx-swap-oob="true"' in done
    assert f'id="edit-{note.pk}"' in done and " autofocus>Edit" in done  # where the focus was


def test_without_javascript_one_finds_one_s_own(as_, client, bob, alice, note):
    """The same class that the browser gives to what comes later, in the same place."""
    note.event.note(bob, "his")
    for person, count in ((alice, 1), (bob, 1)):
        page = as_(person).get(note.event.get_absolute_url()).content.decode()
        assert page.count('class="note own"') == count
    assert "note own" not in client.get(note.event.get_absolute_url()).content.decode()


def test_without_htmx_it_is_a_page(as_, alice, note):
    client = as_(alice)
    page = client.get(address(note, "edit")).content.decode()
    assert "<html" in page and ">first words</textarea>" in page and "hx-post" not in page
    response = client.post(address(note, "edit"), form())
    assert response["Location"] == f"{note.event.get_absolute_url()}#note-{note.pk}"
    assert Note.objects.get().text == "better"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
@pytest.mark.parametrize("text, why", [("", "nothing in this line"), ("y" * 4001, "too long: 4001 of 4000")])
def test_a_refused_text_is_kept(as_, alice, note, headers, text, why):
    response = as_(alice).post(address(note, "edit"), form(text), **headers)
    page = response.content.decode()
    assert response.status_code == 422 and why in page and f">{text}</textarea>" in page
    assert Note.objects.get().text == "first words"


def test_what_comes_too_fast_is_kept(as_, alice, note, monkeypatch):
    from partyline.live import limits

    def too_fast(request, form):
        form.add_error(None, limits.FORM)
        return True

    monkeypatch.setattr(limits, "too_fast", too_fast)
    response = as_(alice).post(address(note, "edit"), form(), **HTMX)
    assert response.status_code == 429 and ">better</textarea>" in response.content.decode()


def test_removing_asks_first(as_, alice, note):
    client = as_(alice)
    assert "Remove this update for everybody?" in client.get(address(note, "remove"), **HTMX).content.decode()
    assert Note.objects.get().removed is None
    done = client.post(address(note, "remove"), form(), **HTMX).content.decode()
    assert "has been removed" in done and "autofocus" in done and "first words" not in done
    assert Note.objects.get().removed


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_has_been_removed_meanwhile(as_, alice, note, method):
    note.remove()
    page = getattr(as_(alice), method)(address(note, "edit"), form(), **HTMX)
    assert page.status_code == 200 and "has been removed" in page.content.decode()
    assert getattr(as_(alice), method)(address(note, "edit"), form()).status_code == 404


def test_who_is_signed_out_meanwhile_is_led_to_sign_in(client, note):
    """Not the sign-in page in the place of a line."""
    response = client.get(address(note, "edit"), **HTMX)
    assert response.status_code == 200 and "/people/sign-in/" in response["HX-Redirect"]
    assert note.get_absolute_url() in response["HX-Redirect"]


def test_what_is_removed_takes_open_editors_of_it_along(alice, note):
    """Else its text would stay in them."""
    note.remove()
    assert f'id=\\"editor-{note.pk}\\" hx-swap-oob=\\"delete\\"' in log(note.event)


def test_an_older_note_is_come_back_to_on_its_own_page(as_, alice, note, monkeypatch):
    monkeypatch.setattr(note_views, "SHOWN", 1)
    client = as_(alice)
    assert "#" in client.post(address(note, "edit"), form("better"))["Location"]
    note.event.note(alice, "newer")
    assert client.post(address(note, "edit"), form("best"))["Location"] == note.get_absolute_url()


@pytest.mark.parametrize("deed, words", [("key", "Make it a key moment"), ("pin", "Pin it to the top")])
def test_a_line_s_buttons_lead_to_forms(as_, alice, note, deed, words):
    client = as_(alice)
    assert words in client.get(address(note, deed)).content.decode()
    client.post(address(note, deed), {"on": "1"} | form())
    assert words not in client.get(address(note, deed)).content.decode()


def test_reacting_by_a_form(as_, charlie, note):
    client, page = as_(charlie), address(note, "react")
    assert client.get(page).content.decode().count("<form") == 5 + 1  # and signing out
    client.post(page, {"reaction": "wow", "on": "1"} | form())
    assert Reaction.objects.get().kind == "wow"
    assert 'class="feel wow" name="on" value="0" aria-pressed="true"' in client.get(page).content.decode()
    client.post(page, {"reaction": "wow", "on": "0"} | form())
    assert not Reaction.objects.exists()
