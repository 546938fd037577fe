"""The dashboard shows the site's public numbers, to everybody, and keeps them right while one looks."""

import re

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from partyline.commentary.models import Event
from partyline.live import kinds
from partyline.live.state import current, redraw
from partyline.live.store import store
from partyline.rooms.models import Room

PAGE = reverse("dashboard:page")
KEY = "site:dashboard"


def shown(html):
    return dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", html))


def test_it_works(client, alice):
    room = Room.objects.create(name="Lobby", owner=alice)
    room.say(alice, "hello")
    Event.objects.create(title="The final", author=alice)
    html = client.get(PAGE).content.decode()
    assert shown(html) == {"Rooms": "1", "Messages": "1", "Events": "1"}
    assert f'data-stream="{KEY}"' in html and f'data-fragment="{PAGE}"' in html


def test_numbers_alone_tell_nothing_of_private_rooms(client, alice):
    Room.objects.create(name="The den", owner=alice, is_private=True).say(alice, "secret words")
    html = client.get(PAGE).content.decode()
    assert "The den" not in html and "secret words" not in html


def test_the_state_follows_the_database(alice):
    [(_, _, frame)] = current(KEY)
    assert '\\"numbers\\"' in frame
    before = store().states(KEY)["numbers"]
    Room.objects.create(name="Lobby", owner=alice)
    redraw(KEY, "numbers")
    after = store().states(KEY)["numbers"]
    assert after.v > before.v and shown(after.html)["Rooms"] == "1"
    redraw(KEY, "numbers")
    assert store().states(KEY)["numbers"] == after, "what has not changed is not shown again"


def test_there_is_one_dashboard(db):
    kind, _ = kinds.find(KEY)
    assert kind.may_see(AnonymousUser(), "dashboard")
    assert not kind.may_see(AnonymousUser(), "other")
    assert kind.handlers == {}


def test_only_reading(client, db):
    assert client.post(PAGE).status_code == 405
