"""Take the right to a socket back: the change is in the database first, this only tells every hub at once."""

from django.db import transaction

from . import notices


def signed_out(sender, request, user, **kwargs):
    """End the session and stop its sockets (a receiver of user_logged_out, which comes before the end)."""
    key = request.session.session_key
    if key:
        request.session.delete()
        transaction.on_commit(lambda: notices.revoked(session=key))


def person(id):
    """Look again at every socket of a person: a ban, a lost role, a new password."""
    transaction.on_commit(lambda: notices.revoked(person=id))


def stream(key):
    """Look again at every reader of a stream: a lost membership, a stream that is gone."""
    transaction.on_commit(lambda: notices.revoked(stream=key))
