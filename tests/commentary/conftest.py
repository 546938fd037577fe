"""An event that Alice began and Bob may comment on, Charlie not; in `open_event` everybody may."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django.urls import reverse

from partyline.commentary.handlers import KIND
from partyline.commentary.models import Event
from partyline.live.kinds import Refused
from partyline.live.log import read


@pytest.fixture
def event(alice, bob):
    event = Event.objects.create(title="The final", author=alice)
    event.commentators.add(bob)
    return event


@pytest.fixture
def open_event(alice):
    return Event.objects.create(title="The open day", author=alice, is_open=True)


def over_socket(person, type, event, note=None, **fields):
    """Send the frame's fields to its handler; return "ok", or the code with which it is refused."""
    fields = {"client_id": str(uuid.uuid4())} | ({"note": str(note.pk)} if note else {}) | fields
    try:
        done = KIND.handlers[type](person, str(event.pk), fields)
    except Refused as refused:
        return refused.code
    if done is not None:
        done.result(20)
    return "ok"


def over_http(person, type, event, note=None, **fields):
    """Send the same by a form; return "ok", "sign in" or the status with which it is refused."""
    client = Client()
    if person.is_authenticated:
        client.force_login(person)
    args = [event.pk, note.pk] if note else [event.pk]
    response = client.post(reverse(f"commentary:{type}", args=args), {"client_id": uuid.uuid4()} | fields)
    if response.status_code != 302:
        return response.status_code
    return "sign in" if "/people/sign-in/" in response["Location"] else "ok"


@pytest.fixture(params=[over_socket, over_http])
def act(request):
    """Do something, by a frame or by a form: act(person, type, event, note, **fields)."""
    return request.param


@pytest.fixture
def nobody():
    return AnonymousUser()


def log(event):
    """Return all that the stream's entries tell, as one text."""
    return "".join(entry.frame for entry in read(event.key, 0, 1000))


def html(client, event, more="", **headers):
    return client.get(event.get_absolute_url() + more, **headers).content.decode()
