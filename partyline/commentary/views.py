"""The pages of commentaries; every form works without JavaScript."""

import uuid

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from partyline.live import limits
from partyline.live.log import position

from .forms import EventForm, NoteForm
from .models import Event


@require_http_methods(["GET", "HEAD", "POST"])
def list_events(request):
    """Show the events, the newest first, and make one."""
    form = None
    if request.user.is_authenticated:
        form = EventForm(request.POST or None, instance=Event(author=request.user))
    elif request.method == "POST":
        raise PermissionDenied
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    context = {"events": Event.objects.all()[:100], "form": form}
    return render(request, "commentary/list.html", context, status=422 if form and form.errors else 200)


def page(request, event, form=None, template="commentary/event.html", refusal=422):
    """Render the event; its position is read before its rows."""
    at = position(event.key)
    form = form or NoteForm(initial={"client_id": uuid.uuid4()})
    context = {
        "event": event,
        "position": at,
        "notes": event.last_notes(),
        "form": form,
        "client_id": uuid.uuid4() if "client_id" in form.errors else form["client_id"].value(),
        "may_note": event.may_note(request.user),
    }
    return render(request, template, context, status=refusal if form.is_bound else 200)


@require_safe
def show_event(request, pk):
    """Show the event."""
    return page(request, get_object_or_404(Event, pk=pk))


@require_safe
def fragment(request, pk):
    """Return the stream's element alone: what a page fetches after a reset."""
    return page(request, get_object_or_404(Event, pk=pk), template="commentary/_stream.html")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def note(request, pk):
    """Add a line by a plain form."""
    event = get_object_or_404(Event, pk=pk)
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
