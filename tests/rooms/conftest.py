"""A public room, and a private one in which Alice and Bob are; Charlie is not."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from partyline.rooms.models import Room


@pytest.fixture
def lobby(alice):
    return Room.objects.create(name="Lobby", owner=alice)


@pytest.fixture
def den(alice, bob, charlie):
    room = Room.objects.create(name="The den", owner=alice, is_private=True)
    room.invite(alice)
    room.invite(bob)
    return room


@pytest.fixture(params=["charlie", "nobody"])
def outsider(request, as_):
    """A client, and the person behind it: Charlie, then somebody who has not signed in."""
    if request.param == "nobody":
        return Client(), AnonymousUser()
    charlie = request.getfixturevalue("charlie")
    return as_(charlie), charlie


@pytest.fixture
def post(as_):
    """Return a function that says something in a room by the plain form."""

    def post(person, room, text, client_id=None):
        data = {"text": text, "client_id": client_id or uuid.uuid4()}
        return as_(person).post(f"{room.get_absolute_url()}say/", data)

    return post
