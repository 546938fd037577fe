"""A private room does not exist for who is not in it: not on any page, not over the socket."""

import re
import uuid

import pytest
from django.urls import NoReverseMatch, reverse

from partyline.jobs.models import Job
from partyline.live import kinds
from partyline.live.kinds import Refused
from partyline.live.models import Stream
from partyline.rooms.handlers import KIND
from partyline.rooms.models import Membership, Room
from partyline.rooms.urls import urlpatterns


def of_one_room(name):
    try:
        return reverse(f"rooms:{name}", args=[1])
    except NoReverseMatch:
        return None


# What stands beside something is asked for by that: test_beside.py.
PAGES = sorted({pattern.name for pattern in urlpatterns if of_one_room(pattern.name)} - {"beside"})
SAY = {"text": "let me in", "client_id": str(uuid.uuid4())}


def test_every_page_of_a_room_is_in_the_table():
    assert {"room", "fragment", "say", "invite", "transcript"} <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_it_works(as_, bob, den, name):
    response = as_(bob).get(reverse(f"rooms:{name}", args=[den.pk]))
    assert response.status_code in (200, 302)
    assert response.status_code == 200 or response["Location"] == den.get_absolute_url()


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_admits_it(outsider, den, name, method):
    """The answer is the same, word for word, as for a room that was never made."""
    client, _ = outsider

    def answer(pk):
        response = getattr(client, method)(reverse(f"rooms:{name}", args=[pk]), SAY | {"name": "charlie"})
        assert response.status_code in (404, 405) or "/people/sign-in/" in response["Location"]
        return response.status_code, re.sub(r"[A-Za-z0-9]{64}|\d+", "", response.content.decode())

    assert answer(den.pk) == answer(den.pk + 1000)
    assert not den.messages.exists() and not Job.objects.exists() and den.members.count() == 2
    assert not Stream.objects.exists()


@pytest.mark.parametrize("type", KIND.handlers)
def test_no_handler_admits_it(outsider, den, type):
    _, person = outsider
    for id in (str(den.pk), str(den.pk + 1000)):
        assert KIND.may_see(person, id) is False
        with pytest.raises(Refused) as refused:
            KIND.handlers[type](person, id, dict(SAY))
        assert (refused.value.code, refused.value.message) == ("not_allowed", "You may not speak here.")
    assert not den.messages.exists()


def test_the_handlers_work(bob, den, charlie, lobby):
    assert KIND.may_see(bob, str(den.pk)) and KIND.may_see(charlie, str(lobby.pk))
    KIND.handlers["say"](bob, str(den.pk), dict(SAY))
    message = den.messages.get()
    assert message.text == "let me in"
    for type in KIND.handlers:
        KIND.handlers[type](bob, str(den.pk), SAY | {"message": str(message.pk)})


@pytest.mark.parametrize("id", ["0", "-1", "x", "999", "9" * 18, "9" * 64, "1e3", "", "_"])
def test_no_such_room(alice, lobby, id):
    assert KIND.may_see(alice, id) is False
    with pytest.raises(Refused):
        KIND.handlers["say"](alice, id, dict(SAY))


def test_one_room_is_one_stream(alice, lobby):
    """Else anybody could make streams without end: room:01, room:001 …"""
    kind, id = kinds.find(f"room:00{lobby.pk}")
    assert not kind.may_see(alice, id)


@pytest.mark.parametrize("pk", [0, 999, 10**18, 10**30])
@pytest.mark.parametrize("name", PAGES)
def test_no_such_page(as_, alice, name, pk):
    assert as_(alice).get(reverse(f"rooms:{name}", args=[pk])).status_code == 404


def test_who_lost_the_room_lost_it(as_, bob, den):
    Membership.objects.get(person=bob).delete()
    assert as_(bob).get(den.get_absolute_url()).status_code == 404
    assert not KIND.may_see(bob, str(den.pk))


def test_who_is_not_signed_in_reads_but_does_not_speak(client, lobby):
    page = client.get(lobby.get_absolute_url()).content.decode()
    assert "say who you are" in page and "ws-send" not in page
    response = client.post(reverse("rooms:say", args=[lobby.pk]), SAY)
    assert response.status_code == 422 and "you are signed out" in response.content.decode()
    assert not Room.objects.get().messages.exists()
