"""The pages on which events are read."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from .archive import conditionally
from .forms import EventForm
from .models import Event, Tally
from .pages import context, listing, number, stream

EVENTS = 25  # on a page of the list


@require_http_methods(["GET", "HEAD", "POST"])
def list_events(request):
    """Show the events, the one where something happened last first, and make one."""
    form = None
    if request.user.is_authenticated:
        event = Event(author=request.user)
        form = EventForm(request.POST or None, instance=event, initial={"starts": None})
    elif request.method == "POST":
        raise PermissionDenied
    if request.method == "POST" and form.is_valid():
        return redirect(form.save())
    page = Paginator(Event.objects.select_related("author"), EVENTS).get_page(request.GET.get("page"))
    status = 422 if form and form.errors else 200
    return render(request, "commentary/list.html", {"events": page, "form": form}, status=status)


def find(pk):
    """Return the event with what its pages need of it, or 404."""
    tallies = Tally.objects.filter(event=OuterRef("pk")).order_by("-changed")
    events = Event.objects.annotate(reacted=Subquery(tallies.values("changed")[:1]))
    return get_object_or_404(events.select_related("author", "pinned__author"), pk=pk)


def page(request, event, form=None, refusal=422, **which):
    """Render the event."""
    status = refusal if form and form.is_bound else 200
    found = context(request, event, form, **which)
    return render(request, "commentary/event.html", found, status=status)


def answer(request, event, render):
    """Return render(); of an event that has ended, only to who has not got it already."""
    response = conditionally(request, event, render) if event.ended else render()
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
def show_event(request, pk):
    """Show the event: its newest notes, live; or those before a number; or its key moments alone.

    htmx, which asks for older ones, gets these and nothing around them.
    """
    event, before = find(pk), number(request.GET.get("before"))
    only_key = request.GET.get("only") == "key"

    def older():
        found = listing(event, request.user, before, only_key)
        return render(request, "commentary/_older.html", {"event": event} | found)

    def whole():
        return page(request, event, before=before, only_key=only_key)

    return answer(request, event, older if request.htmx and before is not None else whole)


@require_safe
def fragment(request, pk):
    """Return the stream's element alone: what a page fetches after a reset, or to see key moments alone."""
    found = stream(find(pk), request.user, only_key=request.GET.get("only") == "key")
    return render(request, "commentary/_stream.html", found | {"is_live": True})


@require_safe
def permalink(request, pk, note_pk):
    """Show one note, and those before it; to htmx, that note alone; 410 where it has been removed."""
    event = find(pk)
    note = get_object_or_404(event.notes.select_related("author", "tally"), pk=note_pk)
    if request.htmx:
        return render(request, "commentary/_changed.html", {"note": None if note.removed else note})
    if note.removed:
        return render(request, "commentary/gone.html", {"event": event}, status=410)
    return answer(request, event, lambda: page(request, event, before=note.pk + 1, aim=note))
