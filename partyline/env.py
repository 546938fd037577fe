"""Read settings from the environment: typed, with defaults that work, and loud about nonsense."""

import os
import re
from email.utils import getaddresses
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import EmailValidator

KNOWN = {}  # name → default, in the order of reading; a test holds docs/settings.md against it


def text(name, default="", choices=None):
    """Return the variable, or `default` where it is unset; `choices` lists the only words allowed."""
    KNOWN[name] = default
    value = os.environ.get(name, default)
    if choices and value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of: {', '.join(choices)}.")
    return value


def flag(name, default=False):
    """Return True for true/yes/on/1, False for false/no/off/0."""
    value = text(name, str(default).lower()).strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither true nor false.")


def number(name, default, least=0):
    """Return a whole number, or a fraction where the default is one; never below `least`."""
    kind, value = type(default), text(name, str(default))
    try:
        found = kind(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r} is not a number.") from None
    if not least <= found < float("inf"):
        raise ImproperlyConfigured(f"{name}={value!r} must be {least} or more.")
    return found


def endpoint(name, default="", paths=False):
    """Return address:port, or "" where nothing is set; with `paths` it may be unix:/path too."""
    value = text(name, default)
    if paths and re.fullmatch(r"unix:/.+", value):
        return value
    if value and not re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}", value):
        raise ImproperlyConfigured(f"{name}={value!r} is not address:port, such as 0.0.0.0:9100.")
    return value


def words(name, default=""):
    """Return the comma-separated words of the variable, one at least."""
    found = [word.strip() for word in text(name, default).split(",") if word.strip()]
    if not found:
        raise ImproperlyConfigured(f"{name} names nothing.")
    return found


def hosts(name):
    """Return the comma-separated names of hosts, small; there may be none."""
    found = [word.strip().lower().removesuffix(".") for word in text(name).split(",")]
    for host in filter(None, found):
        if not re.fullmatch(r"[\w.-]+|\[[0-9a-f:]+\]", host):
            raise ImproperlyConfigured(
                f"{name}: {host!r} is no host: write names, without http:// or a port."
            )
    return [host.strip("[]") for host in found if host]


def secret(name, default=""):
    """Return a secret from the variable, or from the file that `<name>_FILE` names."""
    value, path = text(name, default), text(f"{name}_FILE")
    if not path:
        return value
    if os.environ.get(name):
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one.")
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={path!r} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE={path!r} is not text.") from None


def url(name, default, schemes):
    """Return the variable split as a URL whose scheme is one of `schemes`."""
    return _split(name, text(name, default), schemes)


def _split(name, value, schemes):
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - a bad port raises only when it is read
    except ValueError:
        # Neither the value nor the error, which cites it: a URL may hold a password, and errors end in logs.
        raise ImproperlyConfigured(
            f"{name} is not a URL; what is no letter or digit in a password is written like %40."
        ) from None
    if parts.scheme not in schemes or "://" not in value:
        raise ImproperlyConfigured(f"{name} must begin with one of: {', '.join(s + '://' for s in schemes)}.")
    return parts


def site(name):
    """Return where people find the site, http(s)://host without a slash at its end, or ""."""
    if not text(name):
        return ""
    parts = url(name, "", ("http", "https"))
    if not parts.hostname or "@" in parts.netloc or parts.path.strip("/") or parts.query or parts.fragment:
        raise ImproperlyConfigured(f"{name} is not like https://party.example.org.")
    return f"{parts.scheme}://{parts.netloc}"


def mail_from(name):
    """Return who mail is from, an address or `Name <address>`, or ""."""
    value = text(name)
    try:
        for _, address in getaddresses([value]) if value else ():
            EmailValidator()(address)
    except ValidationError:
        value = "\n"
    if not value.isprintable() or len(getaddresses([value])) > 1:
        raise ImproperlyConfigured(
            f"{name} is no address: write party@example.org, or Party <party@example.org>."
        )
    return value


def mail(name):
    """Return Django's settings for an smtp://user:password@host:25, {} where nothing is set.

    smtps:// is TLS from the first byte, smtp+tls:// begins it by STARTTLS, or does not send.
    """
    value = secret(name)
    if not value:
        return {}
    ports = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
    parts = _split(name, value, tuple(ports))
    if not parts.hostname or parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} names no host: it is like smtp://mail.example.org:25.")
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or ports[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def database(name, default, base):
    """Return Django's dict for a `sqlite:///path` (relative to `base`) or `postgres://user@host:5432/name`."""
    parts = url(name, default, ("sqlite", "postgres", "postgresql"))
    path = unquote(parts.path)[1:]
    if not path:
        raise ImproperlyConfigured(f"{name} names no database: it needs a path.")
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise ImproperlyConfigured(f"{name}: write sqlite:///path, with three slashes.")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(base / path)}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": path,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
    }
