"""The kinds of streams: who may see one, what can be done on it, and how its state is drawn."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

KEY = re.compile(r"([a-z]+):([a-z0-9_-]{1,64})")


class Refused(Exception):
    """Something was not done: a short documented code, and words for people."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


class About(NamedTuple):
    """What a stream's thing is, for another product that stands beside it."""

    title: str
    url: str
    owner_id: int


class News(NamedTuple):
    """What has come on a stream since some time: how much, and some of it as lines of text."""

    title: str
    url: str
    count: int
    lines: list[str]


@dataclass(frozen=True)
class Kind:
    """What a product registers; `id` is the part of the key behind the colon, as text.

    may_see(person, id) → bool; readers(people, id) → {pk of those of them who may see it}, where one question
    can tell it of many; handlers[type](person, id, frame) acts or raises Refused, or returns a Future
    of batches.py, which is settled when it is done;
    states[name](id) → html, which the product shows when it changes; clock[name](id) → html, a state that
    is drawn anew every few seconds while somebody looks;
    presence(id, {person's id: is idle}) → html, where who is here is shown.
    `numbers` are the product's public figures, {label: fn() → number}, for the dashboard, `gauges() →
    {name: number}` are for operators alone: live/site.py samples both, every few seconds, in one process.
    `watched` has the readers counted. about(id) → About, None where it is gone. news(id, since) → News, None
    where it has none; whether a person may see it is asked before that, by may_see.
    All are synchronous and may use the database.
    """

    name: str
    may_see: Callable
    handlers: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    clock: dict = field(default_factory=dict)
    presence: Callable | None = None
    numbers: dict = field(default_factory=dict)
    gauges: Callable | None = None
    watched: bool = False
    readers: Callable | None = None
    about: Callable | None = None
    news: Callable | None = None

    def who_may_see(self, people, id):
        """Return the pks of those of the people who may see the stream."""
        if self.readers:
            return self.readers(people, id)
        return {person.pk for person in people if self.may_see(person, id)}

    @property
    def drawn(self):
        """Return {name: draw} of all states that are drawn from the stream's id alone."""
        return self.states | self.clock


_kinds = {}


def register(kind):
    """Make a kind of stream known; a product calls it in its AppConfig.ready()."""
    _kinds[kind.name] = kind


def find(key):
    """Return (kind, id) of a stream's key, or (None, "") where no product has such streams."""
    match = KEY.fullmatch(key) if isinstance(key, str) else None
    kind = match and _kinds.get(match[1])
    return (kind, match[2]) if kind else (None, "")


def numbers():
    """Return [(label, fn() → number)] of all products."""
    return [pair for kind in _kinds.values() for pair in kind.numbers.items()]


def gauges():
    """Return [fn() → {name: number}] of all products: figures for operators."""
    return [kind.gauges for kind in _kinds.values() if kind.gauges]


def checked(form):
    """Return a form's cleaned data, or raise Refused with its first error; for handlers."""
    if form.is_valid():
        return form.cleaned_data
    field, errors = next(iter(form.errors.as_data().items()))
    code = {"required": "empty", "max_length": "too_long"}.get(errors[0].code, "invalid")
    raise Refused("bad_frame" if field == "client_id" else code, form.errors[field][0])
