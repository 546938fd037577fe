"""What a worker does for rooms."""

from django.template.loader import render_to_string
from django.utils.text import slugify
from django_tasks import task

from partyline.people.models import Person

from .models import Room

PIECE = 100  # messages between two reports


@task(takes_context=True)
def export_transcript(context, room_id, person_id):
    """Write the room's messages into an HTML file and attach it; running it again writes it again.

    Whoever has lost the right to see the room meanwhile gets no file: DoesNotExist is raised.
    """
    job = context.job
    room = Room.objects.visible_to(Person.objects.get(pk=person_id)).get(pk=room_id)
    messages = room.messages.filter(removed=None).select_related("author").order_by("pk")
    total = messages.count()
    lines = []
    for number, message in enumerate(messages.iterator(chunk_size=PIECE), 1):
        lines.append(message)
        if number % PIECE == 0:
            job.report(number, total, f"{number} of {total} messages")
    html = render_to_string("rooms/transcript.html", {"room": room, "messages": lines})
    job.attach(f"{slugify(room.name) or 'room'}-transcript.html", html)
    job.report(len(lines), len(lines), f"{len(lines)} messages")
