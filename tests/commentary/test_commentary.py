"""Whoever starts an event tells how it goes; everybody reads along."""

import re
import uuid

import pytest
from django.urls import reverse

from partyline.commentary import pages
from partyline.commentary.handlers import KIND
from partyline.commentary.models import Event, Note
from partyline.live.kinds import Refused
from partyline.live.log import position, read

LIST = reverse("commentary:list")


@pytest.fixture
def note(as_, event):
    """Return a function that adds a line by the plain form."""

    def note(person, text, client_id=None):
        data = {"text": text, "client_id": client_id or uuid.uuid4()}
        return as_(person).post(reverse("commentary:note", args=[event.pk]), data)

    return note


def test_it_works(as_, client, alice, bob, charlie):
    event_page = as_(alice).post(LIST, {"title": " The   final "})["Location"]
    event = Event.objects.get()
    assert (event.title, event.author, event_page) == ("The final", alice, event.get_absolute_url())
    page = as_(alice).get(event_page)
    data = {"text": "Kick-off!", "client_id": page.context["client_id"]}
    assert as_(alice).post(reverse("commentary:note", args=[event.pk]), data)["Location"] == event_page
    for reader in (as_(bob), as_(charlie), client):
        html = reader.get(event_page).content.decode()
        assert '<p class="text">Kick-off!</p>' in html and "What is happening?" not in html
    assert "The final" in client.get(LIST).content.decode()


def test_the_newest_line_comes_first_on_the_page_and_as_an_entry(client, event, alice):
    for text in ("one", "two"):
        event.note(alice, text)
    html = client.get(event.get_absolute_url()).content.decode()
    assert html.index(">two<") < html.index(">one<")
    frames = [frame for _, frame, *_ in read(event.key, 0, 10)]
    assert len(frames) == 2 and all("afterbegin:#notes" in frame for frame in frames)


def test_said_once_whichever_way(note, event, alice):
    client_id = uuid.uuid4()
    note(alice, "once", client_id)
    note(alice, "once", client_id)
    KIND.handlers["note"](alice, str(event.pk), {"text": "once", "client_id": str(client_id)})
    assert Note.objects.count() == position(event.key).seq == 1


@pytest.mark.parametrize("page", ["", "fragment/"])
def test_no_crack_at_page_load(client, event, alice, page, monkeypatch):
    listing = pages.listing

    def then_more_happens(event, *args):
        found = listing(event, *args)
        event.note(alice, "in between")
        return found

    monkeypatch.setattr(pages, "listing", then_more_happens)
    html = client.get(event.get_absolute_url() + page).content.decode()
    head = int(re.search(r'data-head="(\d+)"', html)[1])
    assert "in between" not in html
    assert "in between" in read(event.key, head, 10)[0][1]


@pytest.mark.parametrize(
    "text, why", [("", "nothing in this line"), ("y" * 100_000, "too long: 100000 of 4000")]
)
def test_a_refused_line_is_kept(note, alice, event, text, why):
    response = note(alice, text)
    html = response.content.decode()
    assert response.status_code == 422 and why in html and f">{text}</textarea>" in html
    assert not Note.objects.exists()


def test_a_damaged_form_is_mended(note, alice, event):
    response = note(alice, "keep me", "damaged")
    assert response.status_code == 422 and "keep me" in response.content.decode()
    assert note(alice, "keep me", response.context["client_id"]).status_code == 302


@pytest.mark.parametrize("title", ["", "  ", "x" * 121, "\u200b", "a\0b"], ids=ascii)
def test_a_title_that_is_none(as_, alice, title):
    response = as_(alice).post(LIST, {"title": title})
    assert response.status_code == 422 and response.context["form"].errors["title"]
    assert not Event.objects.exists()


def test_who_is_not_signed_in_starts_none(client, db):
    assert client.post(LIST, {"title": "Mine"}).status_code == 403
    assert "<form" not in re.search(r"<main.*</main>", client.get(LIST).content.decode(), re.DOTALL)[0]


def test_no_such_event(as_, client, alice, event):
    for name in ("event", "fragment", "note"):
        for pk in (0, event.pk + 1, 10**30):
            page = reverse(f"commentary:{name}", args=[pk])
            assert as_(alice).get(page).status_code == 404
            assert as_(alice).post(page, {"text": "x"}).status_code in (404, 405)
    for id in ("0", "x", "9" * 64, f"00{event.pk}"):
        assert KIND.may_see(alice, id) is False
        with pytest.raises(Refused):
            KIND.handlers["note"](alice, id, {"text": "x", "client_id": str(uuid.uuid4())})


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_deleted_at_that_moment(monkeypatch, note, event, alice):
    write = Event.note

    def late(event, *args):
        Event.objects.filter(pk=event.pk).delete()
        return write(event, *args)

    monkeypatch.setattr(Event, "note", late)
    fields = {"text": "Kick-off!", "client_id": str(uuid.uuid4())}
    with pytest.raises(Refused, match="This event is gone"):
        KIND.handlers["note"](alice, str(event.pk), fields)
    event.save(force_insert=True)
    assert note(alice, "Kick-off!").status_code == 404
    assert not read(event.key, 0, 10)
