"""Who reloads sees the order that the live pages saw: ids of messages rise with their entries."""

import threading

import pytest
from django.db import connection

from partyline.live.models import Entry
from partyline.people.models import Person
from partyline.rooms.models import Room

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_speakers():
    people = [Person.objects.create_user(f"person {n}") for n in range(6)]
    room = Room.objects.create(name="Busy", owner=people[0])

    def speak(person):
        try:
            for number in range(15):
                room.say(person, str(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=speak, args=[person]) for person in people]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    live = Entry.objects.filter(stream_id=room.key).order_by("seq").values_list("thing", flat=True)
    rows = [f"message:{pk}" for pk in room.messages.order_by("pk").values_list("pk", flat=True)]
    assert list(live) == rows and len(rows) == 90
