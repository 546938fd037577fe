"""What is new in an event, for those who follow it."""

from textwrap import shorten

from partyline.live.kinds import News

from .models import Event

LINES, LINE = 5, 200  # the newest, and characters of each


def news(id, since):
    """Return what has been told since then; None: nothing."""
    event = Event.objects.filter(pk=int(id)).first()
    if event is None:
        return None
    told = event.notes.filter(created__gt=since, removed=None)
    if not (count := told.count()):
        return None
    newest = told.order_by("-pk").values_list("text", flat=True)[:LINES]
    lines = [shorten(text, LINE, placeholder=" …") for text in reversed(newest)]
    return News(event.title, event.get_absolute_url(), count, lines)
