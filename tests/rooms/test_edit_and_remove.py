"""A message is changed by its author, removed by its author or the room's owner, once, and for everybody."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser

from partyline.live.kinds import Refused
from partyline.live.log import read
from partyline.live.models import Entry
from partyline.rooms.handlers import KIND
from partyline.rooms.models import Message


def act(type, person, room, said, **fields):
    fields = {"message": str(said.pk), "client_id": str(uuid.uuid4()), "text": "better"} | fields
    KIND.handlers[type](person, str(room.pk), fields)


def log(room):
    return "".join(entry.frame for entry in read(room.key, 0, 100))


def page(as_, person, room):
    return as_(person).get(room.get_absolute_url()).content.decode()


def test_it_works(as_, alice, bob, den):
    message = den.say(bob, "first words")
    act("edit", bob, den, message)
    assert "better" in page(as_, alice, den) and "edited" in page(as_, alice, den)
    assert "first words" not in log(den) and "better" in log(den)
    act("remove", bob, den, message)
    assert "better" not in page(as_, alice, den)
    assert "better" not in log(den)
    assert [entry.seq for entry in read(den.key, 0, 10)] == [1, 2, 3]


def test_the_owner_removes_what_others_said_but_changes_nothing_of_it(as_, alice, bob, den):
    message = den.say(bob, "first words")
    with pytest.raises(Refused) as refused:
        act("edit", alice, den, message)
    assert refused.value.code == "not_allowed"
    act("remove", alice, den, message)
    assert "first words" not in page(as_, bob, den)


@pytest.mark.parametrize("type", ["edit", "remove"])
def test_nobody_else_may(bob, charlie, alice, lobby, den, type):
    message = lobby.say(alice, "first words")
    secret = den.say(alice, "between us")
    for person, room, said in (
        (bob, lobby, message),
        (AnonymousUser(), lobby, message),
        (charlie, den, secret),
        (charlie, lobby, secret),  # a message of another room
    ):
        with pytest.raises(Refused):
            act(type, person, room, said)
    assert Message.objects.get(pk=message.pk).text == "first words"
    assert Message.objects.get(pk=secret.pk).text == "between us"


@pytest.mark.parametrize(
    "wrong", [{"message": "x"}, {"message": ""}, {"message": "999"}, {"text": ""}, {"client_id": "1"}]
)
def test_what_is_damaged_is_told_in_words(alice, lobby, wrong):
    message = lobby.say(alice, "first words")
    with pytest.raises(Refused) as refused:
        act("edit", alice, lobby, message, **wrong)
    assert refused.value.message


def test_a_resend_after_a_cut_changes_nothing(alice, lobby):
    message, client_id = lobby.say(alice, "first words"), str(uuid.uuid4())
    act("edit", alice, lobby, message, client_id=client_id)
    act("edit", alice, lobby, message, text="newer, from another tab")
    act("edit", alice, lobby, message, client_id=client_id)
    assert Message.objects.get(pk=message.pk).text == "newer, from another tab"
    assert Entry.objects.count() == 3


def test_what_is_removed_is_not_said_again_by_a_resend(alice, lobby):
    client_id = uuid.uuid4()
    message = lobby.say(alice, "first words", client_id)
    message.remove()
    assert lobby.say(alice, "first words", client_id).pk == message.pk
    assert not lobby.last_messages()
    assert "first words" not in log(lobby)


def test_what_is_removed_stays_so(alice, lobby):
    message = lobby.say(alice, "first words")
    act("remove", alice, lobby, message)
    act("edit", alice, lobby, message)
    act("remove", alice, lobby, message)
    assert Message.objects.get(pk=message.pk).text == ""
    assert Entry.objects.count() == 2
