"""Everybody sees how many people and pages are here and what goes on, and nothing else."""

import json
import re
import time

import pytest
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from partyline.dashboard import public
from partyline.live import kinds, site
from partyline.live.state import redraw
from partyline.live.store import Away, store
from partyline.rooms.models import Room
from tests.statements import watch

PAGE = reverse("dashboard:page")


def shown(html):
    return dict(re.findall(r"<dt>([^<]+)</dt><dd><strong>([^<]+)</strong>", html))


def page_of(client):
    return client.get(PAGE).content.decode()


def test_it_works(client, alice, bob, say_hello, take_sample):
    rooms = [Room.objects.create(name=name, owner=alice) for name in ("Lobby", "Attic", "Cellar")]
    for room in rooms[:2]:
        room.say(alice, "hello")
    rooms[0].say(bob, "hello")
    say_hello("ws", "one/1", sockets=3)
    say_hello("ws", "two/1", sockets=4)
    store().renew_people([alice.pk, bob.pk], 60)
    store().renew_people([alice.pk], 60)
    take_sample()
    html = page_of(client)
    found = shown(html)
    assert list(found)[:2] == ["People here", "Pages open"]
    assert (found["People here"], found["Pages open"]) == ("2", "7")
    assert (found["Rooms active"], found["Messages per minute"]) == ("2", "3")
    assert f'data-stream="{public.KEY}"' in html and f'data-fragment="{PAGE}"' in html


def test_before_the_first_sample_nothing_is_made_up(client, db):
    html = page_of(client)
    assert set(shown(html).values()) == {"–"} and "No numbers yet" in html


def test_numbers_alone_tell_nothing_of_private_rooms(client, alice, take_sample):
    Room.objects.create(name="The den", owner=alice, is_private=True).say(alice, "secret words")
    take_sample()
    html = page_of(client)
    assert "The den" not in html and "secret words" not in html and "alice" not in html


def test_nor_of_the_stack(client, as_, alice, say_hello, take_sample):
    say_hello("ws", "host-of-ws/1")
    take_sample()
    for visitor in (client, as_(alice)):
        html = page_of(visitor)
        assert "host-of-ws" not in html and reverse("dashboard:stack") not in html


def test_the_state_follows_the_samples(alice, take_sample):
    room = Room.objects.create(name="Lobby", owner=alice)
    take_sample()
    redraw(public.KEY, "numbers")
    before = store().states(public.KEY)["numbers"]
    assert shown(before.html)["Messages per minute"] == "0"
    room.say(alice, "hello")
    redraw(public.KEY, "numbers")
    assert store().states(public.KEY)["numbers"] == before, "between two samples there is nothing to send"
    take_sample()
    redraw(public.KEY, "numbers")
    after = store().states(public.KEY)["numbers"]
    assert after.v > before.v and shown(after.html)["Messages per minute"] == "1"


def test_each_number_has_a_line_and_its_words(client, db, take_sample, monkeypatch):
    for n in (3, 9, 5):
        monkeypatch.setitem(public.OWN, "Pages open", lambda n=n: n)
        take_sample()
    html = page_of(client)
    assert "Pages open, last 10 minutes: from 3 to 9, now 5" in html
    assert html.count('role="img"') == len(shown(html))


def test_a_page_asks_the_database_nothing_for_them(client, alice, take_sample, monkeypatch):
    def sent():
        page_of(client)
        statements = watch(monkeypatch)
        page_of(client)
        found = list(statements)
        public.draw("dashboard")
        assert statements == found, "neither does a drawing"
        return len(found)

    take_sample()
    few = sent()
    room = Room.objects.create(name="Lobby", owner=alice)
    for n in range(20):
        room.say(alice, f"text {n}")
        take_sample()
    assert sent() == few == 1  # where the stream stands


def test_a_sample_asks_the_same_however_much_goes_on(alice, take_sample, say_hello, monkeypatch):
    def sent():
        statements = watch(monkeypatch)
        take_sample()
        return len(statements)

    few = sent()
    for n in range(5):
        room = Room.objects.create(name=f"Room {n}", owner=alice)
        say_hello("ws", f"host/{n}")
        for _ in range(5):
            room.say(alice, "hello")
    assert sent() == few


def test_while_redis_is_away_it_is_said_and_it_heals(client, db, take_sample, monkeypatch):
    take_sample()

    def away():
        raise Away("gone")

    with monkeypatch.context() as patch:
        patch.setattr(public, "samples", away)
        html = page_of(client)
        assert "Redis does not answer" in html and set(shown(html).values()) == {"–"}
    assert "Redis does not answer" not in page_of(client)


def test_a_number_that_cannot_be_told_stops_no_other(client, alice, take_sample, monkeypatch):
    def crash():
        raise RuntimeError("a product's mistake")

    monkeypatch.setitem(public.OWN, "People here", crash)
    Room.objects.create(name="Lobby", owner=alice).say(alice, "hello")
    take_sample()
    found = shown(page_of(client))
    assert (found["People here"], found["Messages per minute"]) == ("–", "1")


def test_there_is_one_dashboard(db):
    kind, _ = kinds.find(public.KEY)
    assert kind.may_see(AnonymousUser(), "dashboard")
    assert not kind.may_see(AnonymousUser(), "other")
    assert kind.handlers == {}


@pytest.mark.parametrize("path", [PAGE, reverse("dashboard:stack")])
def test_only_reading(client, db, path):
    assert client.post(path).status_code == 405


def test_a_sample_of_another_release_is_read(client, db):
    store().add_sample(json.dumps(site.Sample(time.time(), {"Pages open": 3, "Gone since": 7}, {})), 10)
    found = shown(page_of(client))
    assert found["Pages open"] == "3" and found["People here"] == "–" and "Gone since" not in found
