"""Every page of the site that an address leads to."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import NoReverseMatch, get_resolver, reverse

from partyline.commentary.handlers import about
from partyline.commentary.models import Event
from partyline.jobs.models import Job
from partyline.people.links import confirm_url, unsubscribe_url
from partyline.people.models import Follow, Mailbox
from partyline.rooms.models import Room

HOSTILE = "<script>alert('x')</script><img src=x onerror=\"alert(1)\">{{ 7|add:7 }}&amp;"


@pytest.fixture
def hostile(alice, bob):
    """Everything that people may write, written by somebody who means harm: (room, event, job)."""
    room = Room.objects.create(name=HOSTILE[:60], owner=alice, is_private=True)
    room.invite(alice)
    room.say(bob, HOSTILE)
    event = Event.objects.create(title=HOSTILE, author=alice)
    event.note(alice, HOSTILE, source_title=HOSTILE, source_url="javascript:alert(1)").mark_key(True)
    event.notes.get().pin(True)
    Room.objects.beside(event.key, about(str(event.pk))).say(bob, HOSTILE)
    file = default_storage.save("x.html", ContentFile(HOSTILE))
    fields = {"task": "x", "label": HOSTILE, "person": alice, "status": "done", "due": None}
    fields |= {"lines": [{"at": "2026-01-01T12:00:00.000+00:00", "text": HOSTILE}], "result": [HOSTILE]}
    fields |= {"errors": [{"exception": HOSTILE, "traceback": HOSTILE}], "args": [HOSTILE], "worker": HOSTILE}
    job = Job.objects.create(text=HOSTILE, file=file, **fields)
    return room, event, job


def address(name, id, event):
    """Return the address of a page of one thing: by its id, by an event's key, or by a note's id too."""
    if name == "rooms:beside":
        return reverse(name, args=[event.key])
    try:
        return reverse(name, args=[id])
    except NoReverseMatch:
        return reverse(name, args=[id, event.notes.get().pk])


@pytest.fixture
def pages(hostile, alice, settings):
    """Return {name: address} of every page but the admin's; Alice is an operator, who may see them all."""
    room, event, job = hostile
    alice.is_staff = True
    alice.save()
    mailbox = Mailbox.objects.create(person=alice, address="a@b.example", asked="alice@b.example")
    Follow.objects.create(person=alice, key=room.key, title=HOSTILE, url=room.get_absolute_url())
    settings.SENDS_MAIL, settings.SITE_URL = True, "http://testserver"
    tokens = {"confirm": confirm_url(mailbox), "unsubscribe": unsubscribe_url(mailbox)}
    tokens = {name: url.split("/")[-2] for name, url in tokens.items()}
    ids = {"rooms": room.pk, "commentary": event.pk, "jobs": job.pk}
    found = {}
    for app, (_, resolver) in get_resolver().namespace_dict.items():
        for name in (key for key in resolver.reverse_dict if isinstance(key, str) and app != "admin"):
            try:
                found[f"{app}:{name}"] = reverse(f"{app}:{name}")
            except NoReverseMatch:
                token = tokens.get(name)
                page = reverse(f"{app}:{name}", args=[token]) if token else ""
                found[f"{app}:{name}"] = page or address(f"{app}:{name}", ids.get(app), event)
    assert len(found) >= 18
    return found
