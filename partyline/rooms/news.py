"""What others ask about a room: what it is, and what is new in it."""

from textwrap import shorten

from partyline.live.kinds import About, News

from .models import Room

LINES, LINE = 3, 140  # the newest, and characters of each


def about(id):
    """Return what the room is, or None."""
    room = Room.objects.filter(pk=int(id)).first()
    return room and About(room.name, room.get_absolute_url(), room.owner_id)


def news(id, since):
    """Return what has been said in the room since then; None: nothing."""
    room = Room.objects.filter(pk=int(id)).first()
    if room is None:
        return None
    said = room.messages.filter(created__gt=since, removed=None)
    if not (count := said.count()):
        return None
    newest = said.select_related("author").order_by("-pk")[:LINES]
    lines = [f"{message.author.username}: {message.text}" for message in newest]
    lines = [shorten(line, LINE, placeholder=" …") for line in reversed(lines)]
    return News(room.name, room.get_absolute_url(), count, lines)
