"""One client_id of one person in one room is one message, whichever way and however often it comes."""

import threading
import uuid

import pytest
from django.db import connection

from partyline.live.log import position
from partyline.rooms.handlers import say
from partyline.rooms.models import Message, Room


def test_posted_twice(post, alice, lobby):
    client_id = uuid.uuid4()
    for _ in range(2):
        assert post(alice, lobby, "once", client_id).status_code == 302
    assert lobby.messages.count() == position(lobby.key).seq == 1


def test_over_the_socket_and_then_posted(post, alice, lobby):
    client_id = uuid.uuid4()
    say(alice, str(lobby.pk), {"text": "once", "client_id": str(client_id)})
    assert post(alice, lobby, "once", client_id).status_code == 302
    say(alice, str(lobby.pk), {"text": "once", "client_id": str(client_id).upper()})
    assert lobby.messages.count() == position(lobby.key).seq == 1


def test_the_first_text_stays(post, alice, lobby):
    client_id = uuid.uuid4()
    post(alice, lobby, "first", client_id)
    post(alice, lobby, "second", client_id)
    assert lobby.messages.get().text == "first"


def test_it_is_once_per_person_and_room(post, alice, bob, lobby, den):
    client_id = uuid.uuid4()
    for person in (alice, bob):
        for room in (lobby, den):
            post(person, room, "mine", client_id)
    assert Message.objects.count() == 4


def test_every_page_has_a_client_id_of_its_own(as_, alice, lobby):
    client = as_(alice)
    pages = [client.get(lobby.get_absolute_url()).context["client_id"] for _ in range(2)]
    assert pages[0] != pages[1]


@pytest.mark.django_db(transaction=True)
def test_resent_at_the_same_moment(alice, lobby):
    client_id, start, found = uuid.uuid4(), threading.Barrier(4, timeout=20), []

    def resend():
        try:
            room = Room.objects.get()
            start.wait()
            found.append(room.say(alice, "once", client_id).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=resend) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert len(found) == 4 and len(set(found)) == 1
    assert lobby.messages.count() == position(lobby.key).seq == 1
