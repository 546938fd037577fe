"""An event is upcoming, live or ended by its times, and says so everywhere."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from partyline.commentary.handlers import KIND, draw_status
from partyline.commentary.models import Event

from .conftest import html

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "starts, ended, status",
    [(-HOUR, None, "live"), (HOUR, None, "upcoming"), (-HOUR, -HOUR / 2, "ended"), (HOUR, -HOUR, "ended")],
)
def test_it_works(client, event, starts, ended, status):
    now = timezone.now()
    Event.objects.update(starts=now + starts, ended=ended and now + ended)
    event.refresh_from_db()
    assert event.status == status
    for page in (client.get(reverse("commentary:list")).content.decode(), html(client, event)):
        assert f'data-status="{status}"' in page and status.title() in page
    assert f'data-status="{status}"' in draw_status(str(event.pk))


def test_it_is_counted_while_it_is_live(event, open_event):
    count = KIND.numbers["Events live"]
    assert count() == 2
    Event.objects.filter(pk=event.pk).update(starts=timezone.now() + HOUR)
    open_event.end()
    assert count() == 0


def test_it_ends_and_goes_on(as_, alice, event):
    client, page = as_(alice), reverse("commentary:end", args=[event.pk])
    client.post(page)
    event.refresh_from_db()
    ended = event.ended
    assert event.status == "ended"
    client.post(page)  # twice: nothing changes
    event.refresh_from_db()
    assert event.ended == ended
    client.post(page, {"reopen": "1"})
    event.refresh_from_db()
    assert event.status == "live"


def test_how_many_watch(client, event, monkeypatch):
    monkeypatch.setattr("partyline.commentary.handlers.watching", lambda key: 12)
    assert "12 watching" in draw_status(str(event.pk))
    monkeypatch.setattr("partyline.commentary.pages.watching", lambda key: 12)
    assert "12 watching" in html(client, event)


def test_what_is_gone_has_no_status(db):
    assert draw_status("999") == ""
    assert KIND.states["highlights"]("999") == "" and KIND.about("999") is None
