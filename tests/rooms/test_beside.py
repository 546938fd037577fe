"""A room beside another product's stream: made when asked for, seen by who sees that, gone with it."""

import threading
import uuid

import pytest
from django.db import connection, transaction
from django.urls import reverse

from partyline.live import kinds, log
from partyline.live.kinds import About, Kind, Refused
from partyline.rooms.handlers import KIND
from partyline.rooms.models import Room

HTMX = {"HTTP_HX_REQUEST": "true"}
GARDEN = reverse("rooms:beside", args=["garden:1"])


@pytest.fixture
def garden(alice, charlie):
    """Register a kind of stream: `garden:1` is Alice's and closed to Charlie, the others do not exist."""
    title = {"1": "The garden"}
    kinds.register(
        Kind(
            "garden",
            may_see=lambda person, id: id in title and person != charlie,
            about=lambda id: About(title[id], "/garden/", alice.pk) if id in title else None,
        )
    )
    yield title
    del kinds._kinds["garden"]


@pytest.fixture
def room(as_, bob, garden):
    as_(bob).get(GARDEN)
    return Room.objects.get()


def test_it_works(as_, alice, bob, garden):
    page = as_(bob).get(GARDEN, **HTMX)
    room = Room.objects.get()
    assert (room.beside, room.name, room.owner) == ("garden:1", "The garden", alice)
    html = page.content.decode()
    assert f'data-stream="{room.key}"' in html and "ws-send" in html and "<html" not in html
    assert "HX-Request" in page["Vary"]
    room.say(bob, "hello")
    assert "hello" in as_(alice).get(GARDEN, **HTMX).content.decode()
    assert Room.objects.count() == 1


def test_without_htmx_it_is_the_rooms_page(as_, bob, room):
    response = as_(bob).get(GARDEN)
    assert response["Location"] == room.get_absolute_url()
    html = as_(bob).get(room.get_absolute_url()).content.decode()
    assert 'href="/garden/"' in html and "The garden" in html


def test_who_is_signed_out_reads_and_comes_back_to_it(client, room):
    html = client.get(GARDEN, **HTMX).content.decode()
    assert "ws-send" not in html and "?next=/garden/" in html


def test_it_is_not_in_the_list(as_, alice, bob, room):
    assert "The garden" not in as_(alice).get(reverse("rooms:list")).content.decode()
    assert not Room.objects.visible_to(bob).exists()


def test_who_does_not_see_it_does_not_see_its_room(as_, charlie, room):
    client, said = as_(charlie), {"text": "x", "client_id": str(uuid.uuid4())}
    pages = [GARDEN, *(room.get_absolute_url() + more for more in ("", "fragment/", "say/", "transcript/"))]
    for page in pages:
        assert client.get(page).status_code == 404
        assert client.post(page, said).status_code in (404, 405)
    assert not KIND.may_see(charlie, str(room.pk))
    with pytest.raises(Refused):
        KIND.handlers["say"](charlie, str(room.pk), said)
    assert not room.messages.exists()


def test_who_lost_it_lost_its_room(bob, garden, room):
    assert KIND.may_see(bob, str(room.pk))
    del garden["1"]
    assert not KIND.may_see(bob, str(room.pk))


@pytest.mark.parametrize(
    "key", ["garden:2", "room:1", "me:1", "nothing:1", "garden", "garden:", "x" * 300, "garden:1 "]
)
def test_beside_what_is_not_there(as_, bob, garden, key):
    for headers in ({}, HTMX):
        assert as_(bob).get(f"/rooms/beside/{key}/", **headers).status_code == 404
    assert not Room.objects.exists()


def test_it_is_called_as_that_is_called(as_, bob, garden, room):
    garden["1"] = "y" * 100
    as_(bob).get(GARDEN, **HTMX)
    room.refresh_from_db()
    assert room.name == "y" * 60


def test_a_room_of_that_name_may_be_there(as_, alice, bob, garden):
    Room.objects.create(name="The Garden", owner=bob)
    assert as_(bob).get(GARDEN, **HTMX).status_code == 200
    assert Room.objects.count() == 2
    response = as_(bob).post(reverse("rooms:new"), {"name": "the garden"})
    assert response.status_code == 422  # two of its own may not


def test_it_goes_with_it(room, bob):
    room.say(bob, "hello")
    log.drop("garden:2")
    assert Room.objects.exists()
    log.drop("garden:1")
    assert not Room.objects.exists() and not log.read(room.key, 0, 10)


def test_after_a_rollback_it_is_still_there(room):
    with pytest.raises(InterruptedError), transaction.atomic():
        log.drop("garden:1")
        raise InterruptedError
    assert Room.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_asked_for_by_many_at_once_it_is_one(as_, bob, garden):
    clients, answers = [as_(bob) for _ in range(6)], []

    def ask(client):
        try:
            answers.append(client.get(GARDEN, **HTMX).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [200] * 6 and Room.objects.count() == 1


def test_an_event_has_one(client, alice):
    from partyline.commentary.models import Event

    event = Event.objects.create(title="The final", author=alice)
    assert reverse("rooms:beside", args=[event.key]) in client.get(event.get_absolute_url()).content.decode()
    client.get(reverse("rooms:beside", args=[event.key]))
    assert Room.objects.get().name == "The final"
    event.delete()
    assert not Room.objects.exists()
