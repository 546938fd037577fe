"""Who signs out, is shut out or loses a right stops reading, on every socket."""

import asyncio

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client

from partyline.live import notices, revoke
from partyline.live.log import publish
from partyline.live.models import Entry
from partyline.people.models import Person
from partyline.rooms.models import Membership, Room

from .conftest import in_thread


@pytest.fixture
def private(transactional_db):
    alice = Person.objects.create_user("alice", password="wonder-4-land")
    bob = Person.objects.create_user("bob")
    room = Room.objects.create(name="Secret", owner=alice, is_private=True)
    room.invite(alice)
    room.invite(bob)
    return room


async def reading(pages, room, person):
    page = await pages(person)
    await page.resume(**{room.key: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)
    return page


async def test_signing_out_closes_the_sessions_sockets_and_no_others(pages, private):
    alice, client = await in_thread(lambda: Person.objects.get(username="alice")), Client()
    await in_thread(client.force_login, alice)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies['sessionid'].value}"
    page, elsewhere = await pages(cookie=cookie), await reading(pages, private, alice)
    await in_thread(client.post, "/people/sign-out/")
    assert await page.until_closed() == 4401
    await elsewhere.send(type="nonsense")
    await elsewhere.until(lambda frame: "error" in frame)


def ban(room, bob):
    bob.is_active = False
    bob.save()


def ban_behind_our_back(room, bob):
    Person.objects.filter(pk=bob.pk).update(is_active=False)


def change_the_password(room, bob):
    bob.set_password("another-5-words")
    bob.save()


def end_all_sessions(room, bob):
    Session.objects.all().delete()


LOST = {ban: 4403, ban_behind_our_back: 4403, change_the_password: 4401, end_all_sessions: 4401}


@pytest.mark.parametrize("lose", LOST)
async def test_who_is_shut_out_is_closed_though_the_notice_is_lost(
    pages, private, settings, monkeypatch, lose
):
    settings.WS_HEADS_SECONDS = 0.2
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    await in_thread(lose, private, bob)
    assert await page.until_closed() == LOST[lose]


@pytest.mark.parametrize("lose", [ban, change_the_password])
async def test_who_is_shut_out_is_closed_at_once(pages, private, settings, lose):
    settings.WS_HEADS_SECONDS = 1000.0  # the notice itself must do it
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    await in_thread(lose, private, bob)
    assert await page.until_closed() == LOST[lose]


def lose_membership(room, bob):
    room.remove(bob)


def lose_the_room(room, bob):
    room.delete()


@pytest.mark.parametrize("notice", ["comes", "is lost"])
@pytest.mark.parametrize("lose", [lose_membership, lose_the_room])
async def test_who_loses_a_stream_is_stripped_of_it(pages, private, settings, monkeypatch, lose, notice):
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    settings.WS_HEADS_SECONDS = 1000.0 if notice == "comes" else 0.2
    if notice == "is lost":
        monkeypatch.setattr(notices, "send", lambda group, message: None)
    await in_thread(lose, private, bob)
    assert await page.until(lambda frame: "refused" in frame)
    monkeypatch.undo()
    await in_thread(speak_in, private.key)
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert page.seqs(private.key) == []


def speak_in(key):
    with transaction.atomic():
        publish(key, "between us")


async def test_a_room_that_turns_private_loses_its_other_readers(pages, private):
    private.is_private = False
    await in_thread(private.save)
    stranger, bob = await pages(), await in_thread(lambda: Person.objects.get(username="bob"))
    await stranger.resume(**{private.key: ("", 0)})
    await stranger.until(lambda frame: "resumed" in frame)
    member = await reading(pages, private, bob)
    private.is_private = True
    await in_thread(private.save)
    await stranger.until(lambda frame: "refused" in frame)
    await in_thread(private.say, private.owner, "between us")
    await member.until(lambda frame: "seq" in frame)
    assert stranger.seqs(private.key) == []


async def test_nothing_is_left_of_a_deleted_room(private):
    key = private.key
    await in_thread(private.say, private.owner, "between us")
    await in_thread(private.delete)
    assert not await in_thread(Entry.objects.filter(stream=key).exists)


async def test_signing_in_revokes_nothing(private):
    """Django notes the time in the person's row at every sign-in."""
    await in_thread(lambda: Client().login(username="alice", password="wonder-4-land"))
    await in_thread(Client().force_login, await in_thread(lambda: Person.objects.get(username="bob")))
    assert not await in_thread(Entry.objects.filter(stream=revoke.KEY).exists)


async def test_what_was_revoked_before_the_hub_listened_counts(pages, private, hub, monkeypatch):
    """A process that has just started: the socket was let in, then the right went, then the hub began."""
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    begin, ready = type(hub)._tail_of, asyncio.Event()

    async def late(hub, key):
        await ready.wait()
        return await begin(hub, key)

    monkeypatch.setattr(type(hub), "_tail_of", late)
    page = await pages(bob)
    await in_thread(ban, private, bob)
    ready.set()
    assert await page.until_closed() == 4403


async def test_a_revoked_member_cannot_speak_though_the_notice_is_lost(pages, private, monkeypatch):
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    await in_thread(lambda: Membership.objects.filter(room=private, person=bob).delete())
    client_id = "0f8b5f7e-30a6-4a3c-9b5e-6f0d0c7c2f10"
    await page.send(type="say", stream=private.key, client_id=client_id, text="still here?")
    assert (await page.until(lambda frame: "failed" in frame))["code"] == "not_allowed"
