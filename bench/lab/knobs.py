"""Knobs of a measurement, from the environment, loud on nonsense."""

import os

from bench.shell import StackError


def knob(name, default, least):
    """Return a knob's number; raises StackError."""
    value = os.environ.get(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise StackError(f"{name}={value} is not a number of {least} or more.")
    return int(value)


def choices(name, default, known):
    """Return a knob's words, separated by commas or spaces; raises StackError."""
    found = os.environ.get(name, "").replace(",", " ").split() or default
    for word in found:
        if word not in known:
            raise StackError(f"{name}: {word!r} is none of {', '.join(known)}.")
    return found


def numbers(name, default):
    """Return a knob's whole numbers, separated by commas or spaces, in their order; raises StackError."""
    found = os.environ.get(name, "").replace(",", " ").split() or default.split(",")
    if not all(word.isdecimal() and int(word) for word in found):
        raise StackError(f"{name}: these are not numbers of 1 or more: {' '.join(found)}")
    return sorted({int(word) for word in found})
