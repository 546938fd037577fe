"""What can be done on an event over the socket."""

from partyline.live.kinds import About, Kind, Refused, checked

from .forms import NoteForm
from .models import Event
from .news import news


def find(id):
    """Return the event, or None."""
    if not id.isdecimal() or str(int(id)) != id:  # "007" would be another stream of event 7
        return None
    return Event.objects.filter(pk=int(id)).first()


def may_see(person, id):
    """Everybody may read a commentary that exists."""
    return find(id) is not None


def note(person, id, fields):
    """Add a line: fields `text` and `client_id`."""
    event = find(id)
    if event is None or not event.may_note(person):
        raise Refused("not_allowed", "You may not write this commentary.")
    fields = checked(NoteForm(fields))
    try:
        event.note(person, fields["text"], fields["client_id"])
    except Event.DoesNotExist:  # deleted at this moment
        raise Refused("not_allowed", "This event is gone.") from None


def about(id):
    """Return what the event is, for what stands beside it."""
    event = find(id)
    return event and About(event.title, event.get_absolute_url(), event.author_id)


KIND = Kind(
    "event",
    may_see=may_see,
    handlers={"note": note},
    about=about,
    news=news,
    numbers={"Events": Event.objects.count},
)
