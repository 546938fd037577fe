"""The front page lists the rooms that one may enter, the liveliest first, and how many are there."""

from django.urls import reverse

from partyline.live import presence
from partyline.live.store import Away, store
from partyline.rooms.models import Room

LIST = reverse("rooms:list")


def names(response):
    return [room.name for room in response.context["rooms"]]


def test_it_works(client, lobby, alice):
    page = client.get(LIST)
    assert names(page) == ["Lobby"]
    assert "Quiet so far" in page.content.decode()
    lobby.say(alice, "hello")
    page = client.get(LIST).content.decode()
    assert "Last said" in page and lobby.get_absolute_url() in page


def test_the_liveliest_comes_first(client, alice):
    quiet, loud = (Room.objects.create(name=name, owner=alice) for name in ("Quiet", "Loud"))
    quiet.say(alice, "one")
    loud.say(alice, "two")
    assert names(client.get(LIST)) == ["Loud", "Quiet"]
    quiet.say(alice, "three")
    assert names(client.get(LIST)) == ["Quiet", "Loud"]


def test_a_private_room_is_its_members(as_, alice, bob, den, outsider):
    for person in (alice, bob):
        assert names(as_(person).get(LIST)) == ["The den"]
    assert names(outsider[0].get(LIST)) == []
    assert "The den" not in outsider[0].get(LIST).content.decode()


def test_it_counts_people_not_their_windows(client, lobby, den, alice, bob, monkeypatch):
    presence.touch(lobby.key, [alice.pk, bob.pk])
    monkeypatch.setattr(presence, "PROCESS", "another")
    presence.touch(lobby.key, [alice.pk])
    assert presence.here_counts([lobby.key, den.key, "room:999"]) == {
        lobby.key: 2,
        den.key: 0,
        "room:999": 0,
    }
    assert '<span class="count">2 here</span>' in client.get(LIST).content.decode()


def test_whose_time_is_over_does_not_count(lobby, alice, bob):
    presence.touch(lobby.key, [alice.pk], seconds=-1)
    presence.touch(lobby.key, [bob.pk])
    assert presence.here_counts([lobby.key]) == {lobby.key: 1}


def test_all_rooms_are_one_question(client, alice, monkeypatch):
    for number in range(5):
        Room.objects.create(name=f"Room {number}", owner=alice)
    asked = []
    monkeypatch.setattr(store(), "here_all", lambda keys: asked.append(keys) or {})
    client.get(LIST)
    assert [len(keys) for keys in asked] == [5]


def test_it_stands_without_redis(client, lobby, monkeypatch):
    def away(*args):
        raise Away("gone")

    monkeypatch.setattr(store(), "here_all", away)
    monkeypatch.setattr(store(), "states", away)
    assert names(client.get(LIST)) == ["Lobby"]
    assert client.get(lobby.get_absolute_url()).status_code == 200


def test_no_rooms_yet(client, db):
    assert "No rooms yet" in client.get(LIST).content.decode()
