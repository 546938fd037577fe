"""What is done to notes by plain forms, without JavaScript or without a socket, and in place by htmx."""

import uuid
from collections.abc import Callable
from typing import NamedTuple

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from partyline.live import limits

from .forms import EditForm, NoteForm, OneNoteForm, ReactionForm, SwitchForm
from .models import SHOWN, Event, Note
from .reactions import Reaction, write_all
from .views import find, page


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def note(request, pk):
    """Add a line."""
    event = find(pk)
    if request.method != "POST":  # whoever met the page of a restart reloads by GET
        return redirect(event)
    if not event.may_note(request.user):
        raise PermissionDenied
    form = NoteForm(request.POST)
    if not form.is_valid():
        return page(request, event, form=form)
    if limits.too_fast(request, form):
        return page(request, event, form=form, refusal=429)
    try:
        event.note(request.user, form.cleaned_data["text"], form.cleaned_data["client_id"])
    except Event.DoesNotExist:  # deleted at this moment
        raise Http404 from None
    return redirect(event)


class Deed(NamedTuple):
    """Something that is done to one note: by which form, who may, and how."""

    form: type
    may: Callable  # (note, person) → bool
    do: Callable  # (note, person, what the form says)


def edit(note, person, said):
    note.edit(said["text"], said["client_id"])


def remove(note, person, said):
    note.remove(said["client_id"])


def key(note, person, said):
    note.mark_key(said["on"] == "1", said["client_id"])


def pin(note, person, said):
    note.pin(said["on"] == "1", said["client_id"])


def react(note, person, said):
    write_all([(note.event.key, (note.pk, person.pk, said["reaction"], said["on"] == "1"))])


DEEDS = {
    "edit": Deed(EditForm, Note.may_change, edit),
    "remove": Deed(OneNoteForm, Note.may_change, remove),
    "key": Deed(SwitchForm, Note.may_change, key),
    "pin": Deed(SwitchForm, Note.may_change, pin),
    "react": Deed(ReactionForm, lambda note, person: not note.event.ended, react),
}


@require_http_methods(["GET", "HEAD", "POST"])
def change(request, pk, note_pk, deed):
    """Show the form of a deed, and do it: in place of its note where htmx asks, else on a page of its own."""
    event, person = find(pk), request.user
    note = event.told().filter(pk=note_pk).first()
    if not person.is_authenticated:
        sign_in = redirect_to_login(reverse("commentary:permalink", args=[pk, note_pk]))
        return HttpResponseClientRedirect(sign_in.url) if request.htmx else sign_in
    if note is None and request.htmx:
        return done(request, event, note_pk)
    if note is None:
        raise Http404
    if not DEEDS[deed].may(note, person):
        raise PermissionDenied
    fields = {**request.POST.dict(), "note": note.pk} if request.method == "POST" else None
    form = DEEDS[deed].form(fields)
    if form.is_bound and form.is_valid() and not limits.too_fast(request, form):
        DEEDS[deed].do(note, person, form.cleaned_data)
        return done(request, event, note_pk)
    note.mine = Reaction.objects.filter(note=note, person=person).values_list("kind", flat=True)
    found = {"event": event, "note": note, "form": form, "deed": deed, "client_id": uuid.uuid4()}
    status = 200 if not form.errors else 429 if form.non_field_errors() else 422
    template = "commentary/_change.html" if request.htmx else "commentary/change.html"
    return render(request, template, found, status=status)


def done(request, event, note_pk):
    """Show the note as it is now, or that it is gone: in its place, or on the event's page, or its own."""
    note = find(event.pk).told().filter(pk=note_pk).first()
    if request.htmx:
        return render(request, "commentary/_changed.html", {"note": note})
    is_older = note and event.told().filter(pk__gt=note_pk).count() >= SHOWN
    return redirect(note if is_older else f"{event.get_absolute_url()}#note-{note_pk}")
