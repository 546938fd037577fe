"""The page of an event's feeds: which they are, and how collecting them goes."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from partyline.jobs.models import Job
from partyline.jobs.pages import jobs_of
from partyline.live import limits
from partyline.live.log import position

from .models import Event
from .public import URL_LIMIT, CannotFetch, taken_apart
from .tasks import collect_feeds

MOST = 20  # feeds of one event


class FeedsForm(forms.Form):
    """Addresses, one in a line."""

    feeds = forms.CharField(
        label="Atom or RSS feeds",
        required=False,
        max_length=MOST * (URL_LIMIT + 2),
        help_text=f"One address in each line, {MOST} at most.",
        widget=forms.Textarea({"rows": 5, "spellcheck": "false", "autocapitalize": "none"}),
    )

    def clean_feeds(self):
        urls = list(dict.fromkeys(self.cleaned_data["feeds"].split()))
        if len(urls) > MOST:
            raise forms.ValidationError(f"That are {len(urls)} feeds; {MOST} is the most.")
        errors = [f"{url[:100]}: {why}" for url in urls if (why := _wrong_with(url))]
        if errors:
            raise forms.ValidationError(errors)
        return "\n".join(urls)


def _wrong_with(url):
    try:
        taken_apart(url)
    except CannotFetch as why:
        return str(why)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request, pk):
    """Show and keep the list; with the other button, collect what is new in it, too."""
    event = get_object_or_404(Event, pk=pk)
    if not event.may_note(request.user):
        raise PermissionDenied
    form = FeedsForm(request.POST if request.method == "POST" else None, initial={"feeds": event.feeds})
    if request.method != "POST":
        return _page(request, event, form)
    if not form.is_valid():
        return _page(request, event, form, 422)
    if limits.too_fast(request, form):
        return _page(request, event, form, 429)
    Event.objects.filter(pk=pk).update(feeds=form.cleaned_data["feeds"])
    if "collect" in request.POST:
        event.feeds = form.cleaned_data["feeds"]
        _collect(request, event)
    else:
        messages.success(request, "The feeds are saved.")
    return redirect("commentary:feeds", pk)


def _collect(request, event):
    """Have the feeds collected by a worker: one job of a person at a time, and of an event in a minute."""
    person, task = request.user, collect_feeds.module_path
    if not event.feeds:
        messages.error(request, "There are no feeds to collect.")
    elif Job.objects.filter(task=task, person=person, finished=None).exists():
        messages.error(request, "You are collecting feeds already: see below how far it is.")
    else:
        once = f"event:{event.pk}:{timezone.now():%Y-%m-%dT%H:%M}"
        job = collect_feeds.using(person=person, label=f"Collect feeds for {event}", key=once)
        job.enqueue(event.pk, person.pk)
        messages.success(request, "Collecting: new notes appear by themselves, and below is how far it is.")


def _page(request, event, form, status=200):
    at = position(f"me:{request.user.pk}")
    context = {"event": event, "form": form, "jobs_position": at, "jobs": jobs_of(request.user)}
    return render(request, "commentary/feeds.html", context, status=status)
