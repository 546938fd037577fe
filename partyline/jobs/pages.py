"""A person's jobs as their pages show them, and as their private stream `me:<id>` brings them up to date."""

import threading

from django.template.loader import render_to_string

from partyline.live.state import show

from .models import Job

SHOWN = 10  # jobs
_one_at_a_time = threading.Lock()


def jobs_of(person, limit=SHOWN):
    """Return the person's newest jobs, newest first; nobody's for who is not signed in."""
    return list(Job.objects.filter(person_id=person.pk)[:limit]) if person.pk else []


def is_own(person, person_id):
    """Return whether `me:<person_id>` is this person's own stream."""
    return person.pk is not None and str(person.pk) == str(person_id)


def jobs_html(person_id):
    """Return the state "jobs" of `me:<person_id>`, rendered without a request."""
    return render_to_string("jobs/_jobs.html", {"jobs": Job.objects.filter(person_id=person_id)[:SHOWN]})


def show_jobs(person_id):
    """Bring every open page of the person up to date.

    It looks once more after showing: of two processes that show at once, the one that looked first
    must not have the last word.
    """
    shown = None
    with _one_at_a_time:
        while (html := jobs_html(person_id)) != shown:
            show(f"me:{person_id}", "jobs", html)
            shown = html
