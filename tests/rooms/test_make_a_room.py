"""Whoever is signed in makes a room by giving it a name that no other room has."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from partyline.rooms.forms import RoomForm
from partyline.rooms.models import Room

NEW = reverse("rooms:new")
TAKEN = "There is a room of this name already."


def test_it_works(as_, alice, bob, client):
    response = as_(alice).post(NEW, {"name": "  The   lobby "})
    room = Room.objects.get()
    assert response["Location"] == room.get_absolute_url()
    assert (room.name, room.owner, room.is_private) == ("The lobby", alice, False)
    for someone in (as_(alice), as_(bob), client):
        assert someone.get(room.get_absolute_url()).status_code == 200


def test_a_private_one_is_its_makers_at_first(as_, alice, bob):
    as_(alice).post(NEW, {"name": "Den", "is_private": "on"})
    room = Room.objects.get()
    assert room.is_private and list(room.members.all()) == [alice]
    assert as_(alice).get(room.get_absolute_url()).status_code == 200
    assert as_(bob).get(room.get_absolute_url()).status_code == 404


def test_who_is_not_signed_in_is_asked_to(client, db):
    response = client.post(NEW, {"name": "Lobby"})
    assert (response.status_code, response["Location"]) == (302, f"{reverse('people:sign-in')}?next={NEW}")
    assert not Room.objects.exists()


@pytest.mark.parametrize("name", ["lobby", "LOBBY", " lobby ", "\uff2cobby"])
def test_a_name_that_is_taken(as_, bob, lobby, name):
    response = as_(bob).post(NEW, {"name": name})
    assert response.status_code == 422
    assert response.content.decode().count(TAKEN) == 1
    assert Room.objects.count() == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b", "\u200b", "\u202eevil"], ids=ascii)
def test_a_name_that_is_none(as_, alice, name):
    response = as_(alice).post(NEW, {"name": name})
    assert response.status_code == 422 and response.context["form"].errors["name"]
    assert not Room.objects.exists()


def test_the_same_name_at_the_same_moment(transactional_db, as_, alice, bob, monkeypatch):
    both, valid, answers = threading.Barrier(2, timeout=20), RoomForm.is_valid, []

    def is_valid(form):
        found = valid(form)
        both.wait()
        return found

    def make(client, name):
        try:
            answers.append(client.post(NEW, {"name": name}))
        finally:
            connection.close()

    monkeypatch.setattr(RoomForm, "is_valid", is_valid)
    makers = [(as_(alice), "Lobby"), (as_(bob), "LOBBY")]
    threads = [threading.Thread(target=make, args=maker) for maker in makers]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    assert TAKEN in next(answer for answer in answers if answer.status_code == 422).content.decode()
    assert Room.objects.get().members.count() == 1
