"""The author says what it is called, when it starts, and who writes; forms say what is wrong with them."""

import pytest
from django.urls import reverse

from partyline.commentary.models import Event


@pytest.fixture
def address(event):
    return lambda name: reverse(f"commentary:{name}", args=[event.pk])


def test_it_works(as_, alice, event, address, charlie):
    client = as_(alice)
    page = client.get(address("settings")).content.decode()
    assert 'value="The final"' in page and "bob" in page and "End the event" in page
    fields = {"title": " The  great final ", "starts": "2030-01-01T12:00", "is_open": "on"}
    assert client.post(address("settings"), fields)["Location"] == address("settings")
    event.refresh_from_db()
    assert (event.title, event.starts.year, event.is_open) == ("The great final", 2030, True)
    assert event.may_note(charlie)
    assert "Saved." in client.get(address("settings")).content.decode()


def test_no_start_leaves_it_as_it_is(as_, alice, event, address):
    client, starts = as_(alice), event.starts
    assert "Left empty, it stays as it is." in client.get(address("settings")).content.decode()
    client.post(address("settings"), {"title": "Other", "starts": ""})
    event.refresh_from_db()
    assert (event.title, event.starts) == ("Other", starts)


def test_saving_undoes_nothing_that_others_did_meanwhile(as_, alice, event, address, monkeypatch):
    note = event.note(alice, "pin me")
    save = Event.save

    def late(self, *args, **kwargs):
        if "title" in kwargs.get("update_fields", ()):
            Event.objects.filter(pk=self.pk).update(pinned=note)
        return save(self, *args, **kwargs)

    monkeypatch.setattr(Event, "save", late)
    as_(alice).post(address("settings"), {"title": "Other", "starts": ""})
    event.refresh_from_db()
    assert (event.title, event.pinned) == ("Other", note)


@pytest.mark.parametrize(
    "fields, wrong", [({"title": ""}, "title"), ({"title": "x", "starts": "soon"}, "starts")]
)
def test_what_is_wrong_is_kept_and_named(as_, alice, event, address, fields, wrong):
    response = as_(alice).post(address("settings"), fields)
    assert response.status_code == 422 and response.context["form"].errors[wrong]
    assert "‹ The final" in response.content.decode()
    event.refresh_from_db()
    assert event.title == "The final"


def test_commentators_come_and_go(as_, alice, event, address, bob, charlie):
    client = as_(alice)
    client.post(address("commentators"), {"name": "CHARLIE"})
    client.post(address("commentators"), {"name": "charlie"})  # twice: nothing changes
    assert set(event.commentators.all()) == {bob, charlie}
    client.post(address("commentators"), {"person": charlie.pk})
    assert list(event.commentators.all()) == [bob]


@pytest.mark.parametrize("name", ["", "nobody of this name", "x" * 61, "\0"])
def test_a_name_that_is_nobodys(as_, alice, event, address, name):
    response = as_(alice).post(address("commentators"), {"name": name})
    assert response.status_code == 422 and response.context["commentator_form"].errors["name"]


@pytest.mark.parametrize("person", ["", "x", "0", "9" * 30, "\u0663"])
def test_somebody_who_is_no_commentator(as_, alice, event, address, person, bob):
    response = as_(alice).post(address("commentators"), {"person": person}, follow=True)
    assert "does not write here anyway" in response.content.decode()
    assert list(event.commentators.all()) == [bob]
