"""What a page and a message cost the database does not grow with the site."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partyline.live import presence
from partyline.people.models import Person
from partyline.rooms.handlers import say
from partyline.rooms.models import Room

AROUND = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def cost(call, *args):
    with CaptureQueriesContext(connection) as queries:
        call(*args)
    return len([q for q in queries if not q["sql"].startswith(AROUND)])


def test_the_list(as_, alice, lobby):
    client, page = as_(alice), reverse("rooms:list")
    few = cost(client.get, page)
    for number in range(20):
        Room.objects.create(name=f"Room {number}", owner=alice, is_private=number % 2).invite(alice)
        Room.objects.get(name=f"Room {number}").say(alice, "x")
    assert cost(client.get, page) == few == 3


@pytest.mark.parametrize(
    "name, page, cost_of_it",
    [("lobby", "", 7), ("den", "", 8), ("lobby", "fragment/", 5), ("den", "fragment/", 5)],
)
def test_a_room(request, as_, alice, bob, charlie, name, page, cost_of_it):
    room = request.getfixturevalue(name)
    client = as_(alice)
    room.say(alice, "x")
    presence.touch(room.key, [alice.pk])
    client.get(room.get_absolute_url())  # makes the streams
    few = cost(client.get, room.get_absolute_url() + page)
    for number in range(49):
        room.say([alice, bob, charlie][number % 3], "x")
        room.invite(Person.objects.create_user(f"member {number}"))
    presence.touch(room.key, [alice.pk, bob.pk, charlie.pk])
    assert cost(client.get, room.get_absolute_url() + page) == few == cost_of_it


def test_a_message(alice, lobby):
    """The room, the head and the row (on Postgres by one statement), the entry."""
    together = connection.vendor == "postgresql"
    fields = {"text": "hello", "client_id": str(uuid.uuid4())}
    assert cost(say, alice, str(lobby.pk), fields) == 4 - together
    assert cost(lobby.say, alice, "hello") == 3 - together
