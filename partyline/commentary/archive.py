"""Pages that change with their event alone: whoever has one already is told that it still holds."""

import hashlib

from django.contrib.messages import get_messages
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag

from partyline.live.version import version


def conditionally(request, event, render):
    """Return render(), or 304 to who has it, with what a browser or a feed reader needs to ask again."""
    etag, changed = quote_etag(_version(request, event)), int(event.changed.timestamp())
    response = get_conditional_response(request, etag, changed) or render()
    response["ETag"], response["Last-Modified"] = etag, http_date(changed)
    response["Cache-Control"] = "no-cache"  # keep it, and ask each time whether it still holds
    return response


def _version(request, event):
    """Return what differs where the page would: the event, who reads, what they are told, our release."""
    person = request.user
    # The last reactions are kept a moment after the end; an event begins without being changed.
    parts = [request.get_full_path(), bool(request.htmx), event.changed, event.reacted, event.status]
    parts += [person.pk, person.is_staff, person.get_username(), len(get_messages(request))]
    parts += [request.META.get("CSRF_COOKIE"), version(), getattr(staticfiles_storage, "manifest_hash", "")]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
