"""What a page and an act cost the database does not grow with the event."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partyline.commentary.handlers import KIND
from partyline.commentary.models import Event
from partyline.commentary.reactions import write

AROUND = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def cost(call, *args):
    with CaptureQueriesContext(connection) as queries:
        call(*args)
    return len([q for q in queries if not q["sql"].startswith(AROUND)])


OF_A_NOTE = {"permalink": 10, "edit": 4, "react": 5}
PAGES = {"event": 9, "fragment": 6, "feed": 4, "settings": 4} | OF_A_NOTE


@pytest.mark.parametrize("name, cost_of_it", PAGES.items())
def test_a_page_of_an_event(as_, event, alice, bob, charlie, name, cost_of_it):
    client = as_(bob if name not in ("settings", "edit") else alice)
    first = event.note(alice, "x")
    first.mark_key(True)
    first.pin(True)
    page = reverse(f"commentary:{name}", args=[event.pk, first.pk] if name in OF_A_NOTE else [event.pk])
    client.get(page)
    event.note(alice, "x")
    few = cost(client.get, page)
    for number in range(60):
        note = event.note([alice, bob, charlie][number % 3], "x")
        if number % 5 == 0:
            note.mark_key(True)
        write([(note.pk, bob.pk, "like", True)])
    assert cost(client.get, page) == few == cost_of_it


def test_the_list(as_, alice, event):
    client, page = as_(alice), reverse("commentary:list")
    few = cost(client.get, page)
    for number in range(30):
        Event.objects.create(title=f"{number}", author=alice).note(alice, "x")
    assert cost(client.get, page) == few == 4


def test_an_archive_that_one_has_already(as_, client, alice, event):
    event.note(alice, "x")
    event.end()
    page = event.get_absolute_url()
    etag = client.get(page)["ETag"]
    assert cost(lambda: client.get(page, HTTP_IF_NONE_MATCH=etag)) == 1


def test_a_note(event, alice, bob):
    """The event, whether one may, head and row (one statement on Postgres), its times, the entry."""
    together = connection.vendor == "postgresql"
    fields = {"text": "hello", "client_id": str(uuid.uuid4())}
    assert cost(KIND.handlers["note"], bob, str(event.pk), fields) == 6 - together
    assert cost(event.note, alice, "hello") == 4 - together


def test_states(event, alice):
    for _ in range(60):
        note = event.note(alice, "x")
        note.mark_key(True)
        write([(note.pk, alice.pk, "like", True)])
    assert cost(KIND.states["highlights"], str(event.pk)) == 3
    assert cost(KIND.states["tallies"], str(event.pk)) == 1
    assert cost(KIND.clock["status"], str(event.pk)) == 1
