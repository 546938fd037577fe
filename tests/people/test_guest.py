"""Where the operator allows guests, a name is enough to read and speak in public rooms."""

import pytest
from django.urls import reverse

from partyline.people.models import Person
from partyline.rooms.models import Room

GUEST = reverse("people:guest")


@pytest.fixture
def room(alice):
    return Room.objects.create(name="Lobby", owner=alice)


def test_it_works(client, room):
    response = client.post(GUEST, {"username": "Gus", "next": room.get_absolute_url()})
    assert response["Location"] == room.get_absolute_url()
    gus = Person.objects.get(username="Gus")
    assert gus.is_guest and not gus.has_usable_password()
    client_id = client.get(room.get_absolute_url()).context["client_id"]
    client.post(reverse("rooms:say", args=[room.pk]), {"text": "hello", "client_id": client_id})
    page = client.get(room.get_absolute_url()).content.decode()
    assert "hello" in page and '<span class="tag">guest</span>' in page


def test_every_way_in_names_it(client, room):
    for name in ("people:sign-in", "people:sign-up"):
        assert GUEST in client.get(reverse(name)).content.decode()
    assert GUEST in client.get(room.get_absolute_url()).content.decode()


def test_not_where_it_is_not_allowed(client, room, settings):
    settings.ALLOW_GUESTS = False
    assert client.get(GUEST).status_code == 404
    assert client.post(GUEST, {"username": "Gus"}).status_code == 404
    assert not Person.objects.filter(username="Gus").exists()
    for page in (reverse("people:sign-in"), reverse("rooms:list"), room.get_absolute_url()):
        assert GUEST not in client.get(page).content.decode()


def test_a_name_of_somebody_else_is_refused(client, alice):
    response = client.post(GUEST, {"username": "Alice"})
    assert response.status_code == 422
    assert response.content.decode().count("Somebody has this name already.") == 1


@pytest.mark.parametrize("password", ["", "!", "None"])
def test_nobody_signs_in_as_a_guest(client, db, password):
    client.post(GUEST, {"username": "Gus"})
    client.logout()
    response = client.post(reverse("people:sign-in"), {"username": "Gus", "password": password})
    assert response.status_code == 422
