"""What may go into a job: JSON that every database keeps."""

import math

from django_tasks.utils import normalize_json


def as_json(value, what):
    """Return the value as JSON's types; raises TypeError or ValueError which say `what` is none, and why."""
    try:
        value = normalize_json(value)
        _check(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what} must be JSON: {error}") from None
    return value


def _check(value):
    """Refuse what is JSON to Python, but not to the databases."""
    if isinstance(value, dict):
        for item in value.items():
            _check(list(item))
    elif isinstance(value, list):
        for item in value:
            _check(item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number there.")
    elif isinstance(value, str) and value != clean(value):
        raise ValueError("a text holds a NUL or half a character.")


def clean(text):
    """Return the text as every database takes it: without NUL and halves of characters."""
    return str(text).encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def shortened(text, length):
    """Return clean text, its end cut off where it is too long."""
    text = clean(text)
    return text if len(text) <= length else text[: length - 1] + "…"
