"""Who writes, who trims and who deletes at the same moment wait for each other in one order."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.query import QuerySet
from django.utils import timezone

from partyline.live import log, trim
from partyline.live.models import Entry
from partyline.rooms.models import Message, Room

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room(alice):
    return Room.objects.create(name="Lobby", owner=alice)


def together(*functions):
    """Call each in a thread of its own; return what they raised."""
    raised = []

    def call(function):
        try:
            function()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=[function]) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def meeting():
    """Return a function at which two threads wait for each other, for a moment at most."""
    barrier = threading.Barrier(2)

    def wait():
        try:
            barrier.wait(1)
        except threading.BrokenBarrierError:
            pass  # the other one waits for a lock of ours: as it should

    return wait


def test_trimming_and_removing(alice, room, monkeypatch):
    message = room.say(alice, "hello")
    room.say(alice, "more")
    Entry.objects.filter(seq=1).update(created=timezone.now() - timedelta(days=31))
    wait, delete, take_turn = meeting(), QuerySet.delete, log.take_turn

    def deleted(query):
        found = delete(query)
        wait()
        return found

    def turn(key):
        found = take_turn(key)
        if key == room.key:
            wait()
        return found

    monkeypatch.setattr(QuerySet, "delete", deleted)
    monkeypatch.setattr(log, "take_turn", turn)
    assert together(trim.trim, message.remove) == []
    assert Message.objects.get(pk=message.pk).removed


def test_speaking_and_deleting_the_room(alice, room, monkeypatch):
    room.say(alice, "hello")
    spoken, publish = threading.Event(), log.Turn.publish

    def published(turn, *args, **kwargs):
        found = publish(turn, *args, **kwargs)
        if turn.key == room.key:
            spoken.set()
            threading.Event().wait(0.5)  # so that the other one comes to its locks
        return found

    def delete():
        spoken.wait()
        Room.objects.get(pk=room.pk).delete()

    monkeypatch.setattr(log.Turn, "publish", published)
    raised = together(lambda: room.say(alice, "again"), delete)
    assert not [error for error in raised if not isinstance(error, Room.DoesNotExist)], raised
    assert not Room.objects.exists() and not Entry.objects.filter(stream=room.key).exists()
