"""Show a named piece of state on every page of a stream: the last one wins, the whole is sent on connect."""

import hashlib
import logging
import time

from django.db import InterfaceError, OperationalError

from . import frames, kinds, notices
from .store import Away, State, store
from .together import each

log = logging.getLogger(__name__)

TURN_SECONDS = 1.5  # less than a round of redrawing takes, or a process alone would miss every other one

_own = set()  # (key, name) of what was drawn for this process's pages alone: they have it until it is shown


def show(key, name, html, digest=""):
    """Set the state and tell every page; never raises when Redis is away (the owner shows it again)."""
    try:
        v = store().set_state(key, name, digest, html)
    except Away as error:
        log.warning("State %s of %s was not shown: %s", name, key, error)
        return
    notices.state(key, name, v, frames.state(key, name, v, html))


def current(key):
    """Return [(name, v, frame)] of a stream's states; what Redis has forgotten is drawn anew by its owner."""
    kind, id = kinds.find(key)
    # What is kept may be of yesterday.
    own = [drawn for name in kind.clock for drawn in redraw_in_turn(key, name)]
    try:
        states = store().states(key)
        for name, draw in kind.states.items():
            for _ in range(2):  # what changed before it was kept may have been shown to nobody: see is_kept
                html = draw(id)
                if name in states and states[name].html == html:
                    break
                states[name] = State(store().set_state(key, name, "", html), "", html)
    except Away as error:
        log.warning("States of %s are not known now: %s", key, error)
        return own
    return [(name, s.v, frames.state(key, name, s.v, s.html)) for name, s in states.items()]


def current_each(keys):
    """Return what `current` does for each key, or the exception that it raises; each stream is asked once."""
    keys_once = list(dict.fromkeys(keys))
    found = dict(zip(keys_once, each(current, keys_once), strict=True))
    return [found[key] for key in keys]


def all_of(keys):
    """Return [(key, name, v, frame)] of all states of the streams; [] when Redis is away."""
    return _framed(_kept(keys))


def check(keys):
    """Return what all_of does, and show what Redis has forgotten: local members wait for it."""
    found = _kept(keys)
    for key, states in found.items():
        kind, _ = kinds.find(key)
        for name in kind.states.keys() - states.keys() if kind else ():  # the clock's come by themselves
            _redraw_alone(key, name)
    return _framed(found)


def _kept(keys):
    try:
        return store().states_of(keys)
    except Away as error:
        log.warning("States are not known now: %s", error)
        return {}


def _framed(found):
    return [
        (key, name, s.v, frames.state(key, name, s.v, s.html))
        for key, states in found.items()
        for name, s in states.items()
    ]


def is_kept(key):
    """Tell whether somebody has looked at the stream's states lately.

    Where nobody has, none need be shown: who comes has them drawn, and looks once more when they are kept.
    """
    return bool(all_of([key]))


def redraw_in_turn(key, name):
    """Redraw a clock state unless some process has just done so; return what redraw does."""
    mine = store().turn(f"{key}/{name}", TURN_SECONDS) or (key, name) in _own
    return _redraw_alone(key, name) if mine else []


def _redraw_alone(key, name):
    """Redraw a state; an error in it stops nothing else, but that the database is away does."""
    try:
        return redraw(key, name)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("State %s of %s could not be drawn", name, key)
        return []


def redraw(key, name):
    """Draw a state anew, and show it if it has changed since it was last shown.

    While Redis is away nothing can be shown to other processes' pages: what is returned, [(name, v, frame)],
    is for those of this process alone.
    """
    kind, id = kinds.find(key)
    html = kind.drawn[name](id)
    digest = hashlib.sha256(html.encode()).hexdigest()[:16]
    try:
        shown = store().states(key).get(name)
    except Away as error:
        log.debug("State %s of %s is for this process's pages alone: %s", name, key, error)
        v = int(time.time() * 1000)
        _own.add((key, name))
        return [(name, v, frames.state(key, name, v, html))]
    if shown is None or shown.digest != digest or (key, name) in _own:
        _own.discard((key, name))
        show(key, name, html, digest)
    return []
