"""A database that does not answer: a page in words with 503, and what was written can be sent again."""

import pytest
from django.db import OperationalError
from django.test import Client

from partyline.rooms.models import Message, Room

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(alice):
    return Room.objects.create(name="Lobby", owner=alice)


def down(monkeypatch, verb):
    def fail(*args, **kwargs):
        raise OperationalError("the connection was closed")

    monkeypatch.setattr(Room, verb, fail)


def test_a_page_says_so(as_, alice, room, monkeypatch):
    down(monkeypatch, "last_messages")
    answer = as_(alice).get(room.get_absolute_url())
    assert answer.status_code == 503 and answer["Retry-After"] == "3"
    assert "does not answer just now" in answer.content.decode()


def test_what_was_written_can_be_sent_again(alice, room, monkeypatch):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    client.get(room.get_absolute_url())
    token = client.cookies["csrftoken"].value
    client_id = "8c1e4bfe-63f4-4b8e-9d4c-1c0c0a3a3f55"
    said = {"text": 'two <b> & "three"', "client_id": client_id, "csrfmiddlewaretoken": token}
    with monkeypatch.context() as patch:
        down(patch, "say")
        answer = client.post(f"{room.get_absolute_url()}say/", said)
    assert answer.status_code == 503
    html = answer.content.decode()
    assert "Not sent" in html and "two &lt;b&gt; &amp; &quot;three&quot;" in html and client_id in html
    again = client.post(f"{room.get_absolute_url()}say/", said)
    assert again.status_code == 302 and Message.objects.get().text == said["text"]


def test_a_password_is_never_in_such_a_page(client, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError("the connection was closed")

    monkeypatch.setattr("partyline.people.models.Person.objects.get_by_natural_key", fail)
    answer = client.post("/people/sign-in/", {"username": "alice", "password": "wonder-4-land"})
    assert answer.status_code == 503 and "wonder-4-land" not in answer.content.decode()
