"""Who is here: one entry per person over all tabs and processes, kept in the store with an expiry.

A ws process renews its own members (`person/process`); a person is here while any process says so.
A leave is decided by whoever prunes, never by a timer in the process that lost the socket, so a
reconnect within the grace changes nothing and a killed process's people go when their time is over.
"""

import logging
import secrets
import threading
import time

from . import kinds
from .state import show
from .store import Away, store

log = logging.getLogger(__name__)

TTL_SECONDS = 30  # a killed process's people are gone after this
GRACE_SECONDS = 6  # who comes back within this has not left
PROCESS = secrets.token_hex(4)
_one_at_a_time = threading.Lock()


def touch(key, people, seconds=TTL_SECONDS):
    """Count these people as here, through this process, for so many seconds."""
    try:
        store().touch(key, [f"{person}/{PROCESS}" for person in people], time.time() + seconds)
    except Away as error:
        log.warning("Presence in %s was not renewed: %s", key, error)


def arrive(key, person):
    """Count a person as here, and show it at once."""
    touch(key, [person])
    prune(key)


def leave(key, person):
    """Let a person's time in this process run out after the grace."""
    touch(key, [person], GRACE_SECONDS)


def _people(key):
    return sorted({int(member.split("/")[0]) for member in store().here(key, time.time())})


def people_in(key):
    """Return the sorted ids of the people who are here, or [] when Redis is away."""
    try:
        return _people(key)
    except Away:
        return []


def here_counts(keys):
    """Return {key: number of people who are here} of several streams at once; 0 when Redis is away."""
    try:
        found = store().here_all(keys, time.time())
    except Away:
        found = {}
    return {key: len({member.split("/")[0] for member in found.get(key, ())}) for key in keys}


def prune(key):
    """Drop whose time is over, and show who is here if that has changed since it was last shown.

    It looks once more after showing: of two processes that show at once, the one that looked first
    must not have the last word.
    """
    kind, id = kinds.find(key)
    with _one_at_a_time:
        for _ in range(3):
            try:
                people = _people(key)
                shown = store().states(key).get("presence")
            except Away as error:
                log.warning("Presence in %s is not known now: %s", key, error)
                return
            digest = ",".join(map(str, people)) or "nobody"
            if shown is not None and shown.digest == digest:
                return
            show(key, "presence", kind.presence(id, people), digest)
