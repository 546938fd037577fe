"""Who is here: one entry per person over all tabs and processes, kept in the store with an expiry.

Each ws process touches the people of its own sockets; a person is here while any process says so. A
leave is decided by whoever prunes, never by a timer in the process that lost the socket, so a reconnect
within the grace changes nothing, and a killed process's people go when their time is over.
"""

import logging
import secrets

from django.dispatch import Signal

from . import frames, kinds, notices
from .presence_store import people_of
from .store import Away, store

log = logging.getLogger(__name__)

TTL_SECONDS = 30  # a killed process's people are gone after this
GRACE_SECONDS = 6  # who comes back within this has not left
PROCESS = secrets.token_hex(4)

# Sent with key, joined and left (sorted ids), once for each join or leave, in the process that pruned.
# At most once: one that is killed in between has not sent it. Who was here when Redis was flushed joins anew.
presence_changed = Signal()


def touch(key, people, seconds=None):
    """Count these people as here, through this process, for so many seconds (TTL_SECONDS)."""
    tell({key: dict.fromkeys(people, False)}, {}, seconds=seconds)


def tell(here, gone, process=None, since="", seconds=None):
    """Count {key: {person's id: is idle}} as here, and let the time of {key: people's ids} run out.

    One pipeline for all. Returns since when the store has forgotten nothing, or None when it is away.
    """
    process = process or PROCESS
    seconds = TTL_SECONDS if seconds is None else seconds
    touches = [
        (key, process, seconds, {person: "idle" if idle else "0" for person, idle in people.items()})
        for key, people in here.items()
    ]
    touches += [
        (key, process, GRACE_SECONDS, dict.fromkeys(people, "gone")) for key, people in gone.items() if people
    ]
    try:
        return store().touch(touches, since)
    except Away as error:
        log.warning("Presence was not renewed: %s", error)
        return None


def people_in(key):
    """Return {id: is idle} of the people who are here, or {} when Redis is away."""
    try:
        return people_of(store().here_all([key])[key])
    except Away:
        return {}


def here_counts(keys):
    """Return {key: number of people who are here} of several streams at once; 0 when Redis is away."""
    try:
        found = store().here_all(keys)
    except Away:
        found = {}
    return {key: len(people_of(found.get(key, ()))) for key in keys}


def unseen(since=""):
    """Return (since, streams whose last people left while no process looked)."""
    try:
        return store().tick(since)
    except Away:
        return None, []


def prune(keys, since=""):
    """Drop whose time is over; tell and show who has come and gone since the last pruner looked.

    Returns (since, {key: seconds after which to look again}). What was decided by a process that did not
    live to show it is shown by the next one. Of two that show at once, the newer decision stays.
    """
    try:
        since, decisions = store().prune(keys, since)
    except Away as error:
        log.warning("Presence is not known now: %s", error)
        return None, {}
    for key, decision in decisions.items():
        if decision.joined or decision.left:
            joined, left = list(decision.joined), list(decision.left)
            presence_changed.send_robust(None, key=key, joined=joined, left=left)
        if decision.people is not None:
            try:
                _show(key, decision)
            except Exception:  # of a product's drawing: the other streams go on, the next round tries again
                log.exception("Presence of %s could not be shown", key)
    return since, {key: decision.wait for key, decision in decisions.items() if decision.wait}


def _show(key, decision):
    kind, id = kinds.find(key)
    if kind is None or kind.presence is None:
        return
    html = kind.presence(id, decision.people)
    try:
        newer = store().set_state_at(key, "presence", decision.v, html)
    except Away as error:
        log.warning("Presence of %s was not shown: %s", key, error)
        return
    if newer:
        notices.state(key, "presence", decision.v, frames.state(key, "presence", decision.v, html))
