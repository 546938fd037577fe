"""A room that is deleted at the very moment in which somebody speaks in it: they are told, in words."""

import uuid

import pytest

from partyline.live.kinds import Refused
from partyline.live.models import Entry
from partyline.rooms.handlers import KIND
from partyline.rooms.models import Message, Room

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at_that_moment(monkeypatch):
    """Have any room deleted between the look-up and the speaking."""
    say = Room.say

    def late(room, *args):
        Room.objects.get(pk=room.pk).delete()
        return say(room, *args)

    monkeypatch.setattr(Room, "say", late)


def test_over_the_socket(at_that_moment, alice, den):
    with pytest.raises(Refused) as refused:
        KIND.handlers["say"](alice, str(den.pk), {"text": "hello", "client_id": str(uuid.uuid4())})
    assert (refused.value.code, refused.value.message) == ("not_allowed", "This room is gone.")
    assert not Message.objects.exists()
    assert not Entry.objects.filter(stream=den.key).exists()


def test_by_the_form(at_that_moment, post, alice, den):
    assert post(alice, den, "hello").status_code == 404
