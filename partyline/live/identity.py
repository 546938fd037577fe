"""Who is behind a socket: the session's person, and the handshake's Origin and Host."""

import re
from copy import copy
from importlib import import_module
from types import SimpleNamespace
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
    get_user_model,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .together import each

Store = import_module(settings.SESSION_ENGINE).SessionStore
KEY = re.compile("[a-z0-9]{8,40}")  # a session's, as Django makes them
NUMBER = re.compile("[0-9]{1,18}")
PLAIN = f"{ModelBackend.__module__}.{ModelBackend.__qualname__}"


def header(scope, name):
    """Return a header of the handshake as text, '' where it is missing or sent twice."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin1") if len(found) == 1 else ""


def origin_allowed(scope):
    """Tell whether the Origin is exactly the scheme and host that the socket came to, on a known Host."""
    host = header(scope, b"host").lower()
    domain, _ = split_domain_port(host)
    allowed = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    if not domain or not validate_host(domain, allowed):
        return False
    scheme = header(scope, b"x-forwarded-proto") or ("https" if settings.HTTPS else "http")
    try:
        origin = urlsplit(header(scope, b"origin").lower())
    except ValueError:
        return False
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return (
        origin.scheme == scheme
        and not (origin.path or origin.query or origin.fragment)
        and origin.netloc.removesuffix(default) == host.removesuffix(default)
    )


def session_key(scope):
    """Return the session cookie of the handshake, or ''."""
    return parse_cookie(header(scope, b"cookie")).get(settings.SESSION_COOKIE_NAME, "")


def person_of(key):
    """Return the person of a session as Django itself sees it (hash checked), anonymous without one."""
    return get_user(SimpleNamespace(session=Store(key or None)))


def people_of(keys):
    """Return what `person_of` does for each session, or the exception that it raises; in two statements.

    Only what is plainly in order is decided here; of everything else Django itself is asked, one by one.
    """
    rows = Store.get_model_class().objects.filter(
        session_key__in={key for key in keys if KEY.fullmatch(key)}, expire_date__gt=timezone.now()
    )
    decode = Store().decode
    sessions = {key: decode(data) for key, data in rows.values_list("session_key", "session_data")}
    ids = {id for session in sessions.values() if NUMBER.fullmatch(id := str(session.get(SESSION_KEY)))}
    people = {str(pk): person for pk, person in get_user_model()._default_manager.in_bulk(ids).items()}

    def person(key):
        if not key or KEY.fullmatch(key) and key not in sessions:
            return AnonymousUser()
        session = sessions.get(key, {})
        person = people.get(session.get(SESSION_KEY))
        # A copy: what is done for one socket's person, on whatever thread, is not done to another's.
        return copy(person) if person and _is_plain(session, person) else person_of(key)

    return each(person, keys)


def _is_plain(session, person):
    """Tell whether Django's own backend would give this session's person, and without any change."""
    return (
        session.get(BACKEND_SESSION_KEY) == PLAIN in settings.AUTHENTICATION_BACKENDS
        and ModelBackend().user_can_authenticate(person)
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
    )


def is_banned(person):
    """Tell whether the person's account has been made inactive, or is gone."""
    return not get_user_model().objects.filter(pk=person.pk, is_active=True).exists()
