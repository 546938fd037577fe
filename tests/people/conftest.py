"""A site that sends mail, and its worker."""

import pytest
from django.core import mail

from partyline.jobs.models import Job
from partyline.jobs.running import run
from partyline.people.models import Follow, Mailbox
from partyline.rooms.models import Room


@pytest.fixture
def sends_mail(settings):
    """Let the site send mail; it lands in django.core.mail.outbox."""
    settings.SENDS_MAIL, settings.SITE_URL = True, "https://party.example"
    settings.DEFAULT_FROM_EMAIL = "Party <party@party.example>"
    return mail


@pytest.fixture
def work(db):
    """Return a function that runs all due jobs here, and returns what the last one said."""

    def work():
        found = None
        while job := Job.objects.claim("test", lease=60):
            run(job, patience=0)
            found = job
        return found and found.result

    return work


@pytest.fixture
def den(alice, bob, charlie):
    """A private room of Alice and Bob."""
    room = Room.objects.create(name="The den", owner=alice, is_private=True)
    room.invite(alice)
    room.invite(bob)
    return room


@pytest.fixture
def lobby(alice):
    return Room.objects.create(name="Lobby", owner=alice)


@pytest.fixture
def reader(sends_mail):
    """Return a function that lets a person have the daily mail of these things."""

    def reader(person, *things):
        for thing in things:
            Follow.objects.create(
                person=person, key=thing.key, title=str(thing), url=thing.get_absolute_url()
            )
        address = f"{person.username}@mail.example"
        told = person.date_joined
        return Mailbox.objects.create(person=person, address=address, wants_digest=True, told=told)

    return reader
