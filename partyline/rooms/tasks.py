"""What a worker does for rooms."""

import json
from tempfile import TemporaryFile

from django.core.files.base import File
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify
from django_tasks import task

from partyline.people.models import Person

from .models import Room

PIECE = 100  # messages that are in memory at a time, and between two reports


@task(takes_context=True)
def export_transcript(context, room_id, person_id, format="html"):
    """Write the room's messages into a file of a format in FORMATS, and attach it; again from the start
    when it is run again. Removed messages are left out.

    Whoever has lost the right to see the room meanwhile gets no file: DoesNotExist is raised.
    """
    job = context.job
    room = Room.objects.get_for(Person.objects.get(pk=person_id), room_id)
    with TemporaryFile() as file:
        for text in FORMATS[format](room, _pieces(room, job)):
            file.write(text.encode())
        job.attach(f"{slugify(room.name) or 'room'}-transcript.{format}", File(file))


def _pieces(room, job):
    """Yield the messages, oldest first, in lists; between two of them, the job may be told to stop."""
    messages = room.messages.filter(removed=None).select_related("author").order_by("pk")
    done, total, last = 0, messages.count(), 0
    while piece := list(messages.filter(pk__gt=last)[:PIECE]):
        yield piece
        last, done = piece[-1].pk, done + len(piece)
        total = max(total, done)  # people go on talking
        job.report(done, total, f"{done} of {total} messages")
    job.report(done, done, f"{done} message{'' if done == 1 else 's'}")


def _html(room, pieces):
    count = 0
    yield render_to_string("rooms/_transcript_head.html", {"room": room})
    for messages in pieces:
        count += len(messages)
        yield render_to_string("rooms/_transcript_messages.html", {"messages": messages})
    yield render_to_string("rooms/_transcript_foot.html", {"count": count, "at": timezone.now()})


def _json(room, pieces):
    """Yield one JSON object: {"room", "exported_at", "messages": [{"id", "author", "at", "text"}, …]}."""
    yield f'{{"room": {_dump(room.name)}, "exported_at": {_dump(timezone.now().isoformat())}, "messages": ['
    separator = "\n"
    for messages in pieces:
        yield separator + ",\n".join(_dump(_as_dict(message)) for message in messages)
        separator = ",\n"
    yield "\n]}\n"


def _as_dict(message):
    return {
        "id": message.pk,
        "author": message.author.username,
        "at": message.created.isoformat(),
        "text": message.text,
    }


def _dump(value):
    return json.dumps(value, ensure_ascii=False)


FORMATS = {"html": _html, "json": _json}
