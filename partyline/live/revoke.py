"""Take the right to a socket back: first a change in the database, then every hub looks at whom it serves.

Revocations are a stream of their own, so that the heads check finds one whose notice was lost. Call them in
the transaction of the change, last: like every publish they hold a row until COMMIT.
"""

import json

from django.db import transaction

from .log import publish

KEY = "live:revoked"  # of no product's kind: no socket may read it


def signed_out(sender, request, user, **kwargs):
    """End the session and stop its sockets (a receiver of user_logged_out, which comes before the end)."""
    key = request.session.session_key
    if key:
        with transaction.atomic():
            request.session.delete()
            _publish(session=key)


def person(id):
    """Look again at every socket of a person: a ban, a new password, a lost role or membership."""
    _publish(person=id)


def stream(key):
    """Look again at every reader of a stream: it is gone, or no longer open to everybody."""
    _publish(stream=key)


def _publish(**whom):
    with transaction.atomic():
        publish(KEY, json.dumps(whom))


def whom(frame):
    """Return what a revocation's frame says: a dict with the key person, session or stream; else {}."""
    html = json.loads(frame).get("html")
    return json.loads(html) if html else {}
