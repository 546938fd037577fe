"""The list of events: the one where something happened last first, a page at a time."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from partyline.commentary import views
from partyline.commentary.models import Event

LIST = reverse("commentary:list")


def titles(response):
    return [event.title for event in response.context["events"]]


def test_it_works(client, alice):
    first, second = (Event.objects.create(title=title, author=alice) for title in ("First", "Second"))
    assert titles(client.get(LIST)) == ["Second", "First"]
    first.note(alice, "something")
    assert titles(client.get(LIST)) == ["First", "Second"]
    second.end()
    assert titles(client.get(LIST)) == ["Second", "First"]


def test_a_correction_is_no_news(client, alice, event, open_event):
    note = event.note(alice, "Kick-of")
    open_event.note(alice, "hello")
    note.edit("Kick-off")
    assert titles(client.get(LIST)) == [open_event.title, event.title]


def test_a_page_at_a_time(client, alice, monkeypatch):
    monkeypatch.setattr(views, "EVENTS", 3)
    now = timezone.now()
    for number in range(7):
        Event.objects.create(title=f"{number}", author=alice, activity=now - timedelta(hours=number))
    pages = [client.get(LIST, {"page": page}) for page in (1, 2, 3)]
    assert [titles(page) for page in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert 'href="?page=2"' in pages[0].content.decode()
    for wrong in ("0", "99", "x", "", "9" * 5000):
        assert client.get(LIST, {"page": wrong}).status_code == 200


@pytest.mark.parametrize("starts, seen", [("2026-05-01T12:30", "2026-05-01T12:30"), ("", None)])
def test_a_new_event_has_a_time(as_, alice, starts, seen):
    as_(alice).post(LIST, {"title": "Soon", "starts": starts, "is_open": "on"})
    event = Event.objects.get()
    assert event.is_open
    if seen:
        assert event.starts.isoformat() == f"{seen}:00+00:00"
    else:
        assert abs(event.starts - timezone.now()) < timedelta(minutes=5)


@pytest.mark.parametrize(
    "starts",
    ["x", "1999-12-31T23:59", "9999-12-31T23:59", "0001-01-01T00:00+14:00", "2026-13-01T00:00", "9" * 300],
)
def test_a_time_that_is_none(as_, alice, starts):
    response = as_(alice).post(LIST, {"title": "Soon", "starts": starts})
    assert response.status_code == 422 and not Event.objects.exists()
