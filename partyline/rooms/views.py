"""The pages of rooms; every form works without JavaScript."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe

from partyline.jobs.pages import jobs_of
from partyline.live import kinds, limits
from partyline.live.log import position, positions
from partyline.live.presence import here_counts, people_in

from .forms import InviteForm, RoomForm, SayForm
from .here import who_is_here
from .models import Room
from .tasks import FORMATS, export_transcript

# A GET of what only a POST does leads to the room: whoever met the page of a restart reloads by GET.
POSTED = ["GET", "HEAD", "POST"]


def visible_room(request, pk):
    """Return the room, or 404 where the person may not even know of it."""
    try:
        return Room.objects.get_for(request.user, pk)
    except Room.DoesNotExist:
        raise Http404 from None


@require_safe
def list_rooms(request):
    """Show the rooms one may enter, the liveliest first."""
    rooms = Room.objects.visible_to(request.user).with_last_said()
    rooms = sorted(rooms, key=lambda room: room.last_said or room.created, reverse=True)
    here = here_counts([room.key for room in rooms])
    for room in rooms:
        room.here = here[room.key]
    return render(request, "rooms/list.html", {"rooms": rooms, "form": RoomForm()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_room(request):
    """Make a room; its maker owns it and is its first member."""
    form = RoomForm(request.POST or None, instance=Room(owner=request.user))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                room = form.save()
                room.invite(request.user)
        except IntegrityError:  # two people, one name, at the same moment
            form.add_error("name", "There is a room of this name already.")
        else:
            return redirect(room)
    return render(request, "rooms/new.html", {"form": form}, status=422 if form.errors else 200)


def page(request, room, form=None, invite_form=None, template="rooms/room.html", refusal=422):
    """Render the room; its position is read before its rows."""
    person = request.user
    at, jobs_at = (
        positions(room.key, f"me:{person.pk}") if person.is_authenticated else (position(room.key), None)
    )
    form = form or SayForm(initial={"client_id": uuid.uuid4()})
    invite_form = invite_form or InviteForm()
    may_invite = room.is_private and person.pk == room.owner_id
    context = {
        "room": room,
        "about": room.beside and room.about(),
        "position": at,
        "messages": room.last_messages(),
        "notices": messages.get_messages(request),
        **who_is_here(people_in(room.key)),
        "may_say": person.is_authenticated,
        "form": form,
        "client_id": uuid.uuid4() if "client_id" in form.errors else form["client_id"].value(),
        "invite_form": invite_form if may_invite else None,
        "members": room.members.all() if room.is_private else [],
        "jobs": jobs_of(person) if person.is_authenticated else [],
        "jobs_position": jobs_at,
    }
    refused = form.is_bound or invite_form.is_bound
    return render(request, template, context, status=refusal if refused else 200)


@require_safe
def show_room(request, pk):
    """Show the room."""
    return page(request, visible_room(request, pk))


@require_safe
def fragment(request, pk):
    """Return the stream's element alone: what a page fetches after a reset."""
    room = visible_room(request, pk)
    context = {"room": room, "position": position(room.key), "messages": room.last_messages()}
    return render(request, "rooms/_stream.html", context)


@require_safe
def beside(request, key):
    """Show the room beside something, made where there is none yet; to htmx, what is said there alone."""
    kind, id = kinds.find(key)
    about = kind.about(id) if kind and kind.about and kind.may_see(request.user, id) else None
    if about is None:
        raise Http404
    room = Room.objects.beside(key, about)
    response = page(request, room, template="rooms/_beside.html") if request.htmx else redirect(room)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_http_methods(POSTED)
def say(request, pk):
    """Say something by a plain form; who is signed out meanwhile gets the text back, not a sign-in page."""
    room = visible_room(request, pk)
    if request.method != "POST":
        return redirect(room)
    form = SayForm(request.POST)
    if not form.is_valid() or not request.user.is_authenticated:
        return page(request, room, form=form)
    if limits.too_fast(request, form):
        return page(request, room, form=form, refusal=429)
    try:
        room.say(request.user, form.cleaned_data["text"], form.cleaned_data["client_id"])
    except Room.DoesNotExist:  # deleted at this moment
        raise Http404 from None
    return redirect(f"{room.get_absolute_url()}#say")


def need_owner(request, room):
    """Raise Http404 unless the person says who is in this room: its owner, where it is private."""
    if not room.is_private or room.owner_id != request.user.pk:
        raise Http404


@login_required
@require_http_methods(POSTED)
def invite(request, pk):
    """Let somebody into one's private room."""
    room = visible_room(request, pk)
    if request.method != "POST":
        return redirect(room)
    need_owner(request, room)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return page(request, room, invite_form=form)
    room.invite(form.cleaned_data["name"])
    messages.success(request, f"{form.cleaned_data['name']} may enter now.")
    return redirect(room)


@login_required
@require_http_methods(POSTED)
def remove(request, pk):
    """Take somebody out of one's private room; the owner stays."""
    room = visible_room(request, pk)
    if request.method != "POST":
        return redirect(room)
    need_owner(request, room)
    id = request.POST.get("person", "")
    person = room.members.exclude(pk=room.owner_id).filter(pk=int(id) if id.isdecimal() else 0).first()
    if person is None:
        messages.error(request, "That person is not a member that could be taken out.")
    else:
        room.remove(person)
        messages.success(request, f"{person.username} may not enter any more.")
    return redirect(room)


@login_required
@require_http_methods(POSTED)
def transcript(request, pk):
    """Have the room's transcript written by a worker; its progress is shown to whoever asked."""
    room = visible_room(request, pk)
    if request.method != "POST":
        return redirect(room)
    format = request.POST.get("format", "html")
    if format not in FORMATS:
        raise BadRequest(f"There is no transcript as {format!r}.")
    label = f"Transcript of {room.name}" + (" (JSON)" if format == "json" else "")
    # As a worker of the release before takes it: during a roll one may be there.
    named = {} if format == "html" else {"format": format}
    export_transcript.using(person=request.user, label=label).enqueue(room.pk, request.user.pk, **named)
    return redirect(f"{room.get_absolute_url()}#jobs")
