"""Who is behind a socket: the session's person, and the handshake's Origin and Host."""

from importlib import import_module
from types import SimpleNamespace
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host

Store = import_module(settings.SESSION_ENGINE).SessionStore


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


def is_banned(person):
    """Tell whether the person's account has been made inactive, or is gone."""
    return not get_user_model().objects.filter(pk=person.pk, is_active=True).exists()
