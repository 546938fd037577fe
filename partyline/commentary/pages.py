"""What the pages of an event show."""

import uuid

from django.http import Http404

from partyline.live.log import position
from partyline.live.watching import watching

from .forms import NoteForm
from .models import SHOWN
from .reactions import Reaction


def number(text):
    """Return the number of a note that an address names, if it names one; raises Http404 where it is none."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404
    return int(text)


def listing(event, person, before=None, only_key=False):
    """Return a page of notes, the newest before a number or of all, and before which the next page begins."""
    found = event.told(only_key)
    found = list((found if before is None else found.filter(pk__lt=before))[: SHOWN + 1])
    notes = found[:SHOWN]
    if person.is_authenticated and notes:
        mine = {}
        for note, kind in Reaction.objects.filter(person=person, note__in=notes).values_list("note", "kind"):
            mine.setdefault(note, []).append(kind)
        for note in notes:
            note.is_own, note.mine = note.author_id == person.pk, mine.get(note.pk, ())
    return {"notes": notes, "older": notes[-1].pk if len(found) > SHOWN else None, "only_key": only_key}


def highlights(event):
    """Return the context of what is pinned and of the key moments.

    A key moment that the newest page of the commentary shows is a place on it, another one a page of its own.
    """
    moments = list(event.key_moments())
    first = event.told().values_list("pk", flat=True)[SHOWN - 1 : SHOWN] if moments else []
    first = first[0] if first else 0
    for note in moments:
        note.is_near = note.pk >= first
    return {"event": event, "pinned": event.pinned, "moments": moments}


def stream(event, person, before=None, only_key=False):
    """Return the context of the stream's element alone; its position is read before its rows."""
    at = position(event.key)
    return {"event": event, "position": at, **listing(event, person, before, only_key)}


def context(request, event, form=None, before=None, only_key=False, aim=None):
    """Return the context of an event's page."""
    shown = stream(event, request.user, before, only_key)
    form = form or NoteForm(initial={"client_id": uuid.uuid4()})
    may_write = event.may_write(request.user)
    return {
        **shown,
        "aim": aim,
        "is_newest": before is None,
        "is_live": before is None and not event.ended,
        "is_author": request.user.pk == event.author_id,
        "may_write": may_write,
        "may_note": may_write and not event.ended,
        "form": form,
        "client_id": uuid.uuid4() if "client_id" in form.errors else form["client_id"].value(),
        "watching": 0 if event.ended else watching(event.key),
        **highlights(event),
    }
