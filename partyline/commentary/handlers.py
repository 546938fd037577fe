"""What can be done on an event over the socket."""

import json

from django.template.loader import render_to_string
from django.utils import timezone

from partyline.live.kinds import About, Kind, Refused, checked
from partyline.live.watching import watching

from .forms import EditForm, NoteForm, OneNoteForm, ReactionForm, SwitchForm
from .models import Event, Note
from .news import news
from .pages import highlights
from .reactions import tallies


def find(id):
    """Return the event, or None."""
    if not id.isdecimal() or str(int(id)) != id:  # "007" would be another stream of event 7
        return None
    return Event.objects.filter(pk=int(id)).first()


def may_see(person, id):
    """Everybody may read a commentary that exists."""
    return find(id) is not None


def readers(people, id):
    """Return the pks of all of the people where the commentary exists."""
    return {person.pk for person in people} if find(id) else set()


def note(person, id, fields):
    """Add a line: fields `text` and `client_id`."""
    event = find(id)
    if event is None or not event.may_write(person):
        raise Refused("not_allowed", "You may not write this commentary.")
    if event.ended:
        raise Refused("not_allowed", "This event has ended.")
    fields = checked(NoteForm(fields))
    try:
        event.note(person, fields["text"], fields["client_id"])
    except Event.DoesNotExist:  # deleted at this moment
        raise Refused("not_allowed", "This event is gone.") from None


def edit(person, id, fields):
    """Change the text of a note: fields `note` (its id), `text` and `client_id`."""
    note, fields = note_to_change(person, id, EditForm(fields))
    note.edit(fields["text"], fields["client_id"])


def remove(person, id, fields):
    """Remove a note: fields `note` and `client_id`."""
    note, fields = note_to_change(person, id, OneNoteForm(fields))
    note.remove(fields["client_id"])


def key(person, id, fields):
    """Make a note a key moment, or no longer: fields `note`, `on` ("1" or "0") and `client_id`."""
    note, fields = note_to_change(person, id, SwitchForm(fields))
    note.mark_key(fields["on"] == "1", fields["client_id"])


def pin(person, id, fields):
    """Pin a note, or take it down: fields `note`, `on` and `client_id`."""
    note, fields = note_to_change(person, id, SwitchForm(fields))
    note.pin(fields["on"] == "1", fields["client_id"])


def react(person, id, fields):
    """React to a note, or no longer: fields `note`, `reaction`, `on` and `client_id`.

    It is kept with others of this moment; what is returned is done when it has been.
    """
    if not person.is_authenticated:
        raise Refused("not_allowed", "Sign in to react.")
    fields = checked(ReactionForm(fields))
    # One query: this comes by the hundred.
    note = Note.objects.select_related("event").filter(pk=fields["note"], removed=None).first()
    if note is None or str(note.event_id) != id:
        raise Refused("invalid", "There is no such update here.")
    if note.event.ended:
        raise Refused("not_allowed", "This event has ended.")
    return note.react(person, fields["reaction"], fields["on"] == "1")


def note_to_change(person, id, form):
    """Return the note that the form names, and its fields; raises Refused where it is not theirs."""
    event = find(id)
    if event is None or not person.is_authenticated:
        raise Refused("not_allowed", "You may not write this commentary.")
    fields = checked(form)
    note = event.told().filter(pk=fields["note"]).first()
    if note is None:
        raise Refused("invalid", "There is no such update here.")
    if not note.may_change(person):
        raise Refused("not_allowed", "Only who wrote an update and the event's author may change it.")
    return note, fields


def draw_highlights(id):
    """Return what is pinned, and the list of key moments."""
    event = Event.objects.select_related("pinned__author").filter(pk=int(id)).first()
    return render_to_string("commentary/_highlights.html", highlights(event)) if event else ""


def draw_tallies(id):
    """Return the numbers of the notes to which people reacted last."""
    counts = json.dumps(tallies(int(id)), separators=(",", ":"))
    return render_to_string("commentary/_tallies.html", {"counts": counts})


def draw_status(id):
    """Return whether it is live, and how many watch."""
    event = find(id)
    if event is None:
        return ""
    return render_to_string("commentary/_status.html", {"event": event, "watching": watching(event.key)})


def about(id):
    """Return what the event is, for what stands beside it."""
    event = find(id)
    return event and About(event.title, event.get_absolute_url(), event.author_id)


def live_now():
    """Return how many events are under way."""
    return Event.objects.filter(ended=None, starts__lte=timezone.now()).count()


KIND = Kind(
    "event",
    may_see=may_see,
    readers=readers,
    handlers={"note": note, "edit": edit, "remove": remove, "key": key, "pin": pin, "react": react},
    states={"highlights": draw_highlights, "tallies": draw_tallies},
    clock={"status": draw_status},
    about=about,
    news=news,
    watched=True,
    numbers={"Events live": live_now},
)
