"""How an event is run: its title and time, who writes, its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .forms import CommentatorForm, EventForm
from .views import find

FORMS = ["GET", "HEAD", "POST"]


def own_event(request, pk):
    """Return the event; 403 for everybody but its author."""
    event = find(pk)
    if event.author_id != request.user.pk:
        raise PermissionDenied
    return event


def page(request, event, form=None, commentator_form=None):
    """Render the settings."""
    form, commentator_form = form or EventForm(instance=event), commentator_form or CommentatorForm()
    context = {"event": event, "form": form, "commentator_form": commentator_form}
    context["commentators"] = event.commentators.order_by("name_key")
    status = 422 if form.errors or commentator_form.errors else 200
    if form.errors:
        event.refresh_from_db()  # the head of the page says what is, not what was typed
    return render(request, "commentary/settings.html", context, status=status)


@login_required
@require_http_methods(FORMS)
def settings(request, pk):
    """Show the settings, and keep title, start and who may write."""
    event = own_event(request, pk)
    if request.method != "POST":
        return page(request, event)
    form = EventForm(request.POST, instance=event)
    if not form.is_valid():
        return page(request, event, form=form)
    form.save()
    messages.success(request, "Saved.")
    return redirect("commentary:settings", pk)


@login_required
@require_http_methods(FORMS)
def commentators(request, pk):
    """Let somebody write, or no longer."""
    event = own_event(request, pk)
    if request.method == "POST" and "person" in request.POST:
        id = request.POST["person"]
        person = event.commentators.filter(pk=int(id) if id.isdecimal() and len(id) < 19 else 0).first()
        if person is None:
            messages.error(request, "That person does not write here anyway.")
        else:
            event.commentators.remove(person)
            messages.success(request, f"{person.username} does not write here any more.")
    elif request.method == "POST":
        form = CommentatorForm(request.POST)
        if not form.is_valid():
            return page(request, event, commentator_form=form)
        person = form.cleaned_data["name"]
        event.commentators.add(person)
        messages.success(request, f"{person.username} may write here now.")
    return redirect("commentary:settings", pk)


@login_required
@require_http_methods(FORMS)
def end(request, pk):
    """End the event, or go on with it."""
    event = own_event(request, pk)
    if request.method == "POST":
        if request.POST.get("reopen"):
            event.reopen()
        else:
            event.end()
        return redirect(event)
    return redirect("commentary:settings", pk)
