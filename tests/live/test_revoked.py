"""Who signs out, is shut out or loses a right stops reading, on every socket."""

import pytest
from django.conf import settings
from django.test import Client

from partyline.live import notices
from partyline.people.models import Person
from partyline.rooms.models import Membership, Room

from .conftest import in_thread


@pytest.fixture
def private(transactional_db):
    alice, bob = Person.objects.create_user("alice"), Person.objects.create_user("bob")
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


async def test_a_lost_notice_is_found_by_the_heads_check(pages, private, settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 0.2
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    await in_thread(lambda: Person.objects.filter(pk=bob.pk).update(is_active=False))
    assert await page.until_closed() == 4401


async def test_a_lost_membership_strips_the_stream(pages, private):
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)

    def remove():
        Membership.objects.filter(room=private, person=bob).delete()
        notices.revoked(stream=private.key)

    await in_thread(remove)
    assert await page.until(lambda frame: "refused" in frame)
    await in_thread(private.say, private.owner, "between us")
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    assert page.seqs(private.key) == []


async def test_a_revoked_member_cannot_speak_though_the_notice_is_lost(pages, private, monkeypatch):
    bob = await in_thread(lambda: Person.objects.get(username="bob"))
    page = await reading(pages, private, bob)
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    await in_thread(lambda: Membership.objects.filter(room=private, person=bob).delete())
    client_id = "0f8b5f7e-30a6-4a3c-9b5e-6f0d0c7c2f10"
    await page.send(type="say", stream=private.key, client_id=client_id, text="still here?")
    assert (await page.until(lambda frame: "failed" in frame))["code"] == "not_allowed"
