"""Numbers of the whole site: sampled every few seconds by one process, kept as long as Redis keeps them."""

import json
import logging
import threading
import time
from typing import NamedTuple

from django.db import connections

from . import kinds
from .processes import processes
from .store import Away, store

log = logging.getLogger(__name__)

SAMPLE_SECONDS = 5
SAMPLES = 120  # that are kept
LINE_SECONDS = SAMPLES * SAMPLE_SECONDS  # ten minutes
LOOK_SECONDS = 1  # between two looks whether it is this process's turn
HERE_SECONDS = 25  # a person counts as here for so long after their last socket was seen


class Sample(NamedTuple):
    """The numbers at one moment (seconds since 1970): everybody's, and the operators'. None: not known."""

    at: float
    numbers: dict
    gauges: dict


def people_here():
    """Return how many people have a page open, each once; raises Away."""
    return store().count_people()


def pages_open():
    """Return how many pages are open, of all ws processes."""
    return sum(each.numbers.get("sockets", 0) for each in processes("ws"))


class PeopleHere:
    """Tells the store of a ws process's people: of who has come at once, of all before their time is over."""

    def __init__(self, hub):
        self.hub, self.told, self.renewed = hub, set(), 0

    def tell(self):
        """Tell who is here; called every few seconds, on another thread than the hub's. Raises Away."""
        here = {socket.person.pk for socket in list(self.hub.sockets) if socket.person and socket.person.pk}
        now = time.monotonic()
        is_due = now - self.renewed > HERE_SECONDS / 2
        if fresh := here if is_due else here - self.told:
            store().renew_people(list(fresh), HERE_SECONDS)
        self.told = here
        if is_due:
            self.renewed = now


def start_sampling():
    """Take samples from now on, in a thread, whenever it is this process's turn."""
    threading.Thread(target=_sample, name="samples", daemon=True).start()


def _sample():
    while True:
        try:
            sample()
        except Away as error:
            log.debug("No sample is taken: %s", error)
        except Exception:
            log.exception("No sample could be taken")
        finally:
            connections.close_all()  # the next turn may be another process's
        time.sleep(LOOK_SECONDS)


def sample():
    """Keep the site's numbers as they are now if it is our turn, and tell whether it was; raises Away."""
    store().ping()  # while it is away it would be everybody's turn
    if not store().turn("sample", SAMPLE_SECONDS):
        return False
    numbers = {label: _known(count) for label, count in kinds.numbers()}
    gauges = {}
    for draw in kinds.gauges():
        gauges |= _known(draw) or {}
    store().add_sample(json.dumps(Sample(time.time(), numbers, gauges)), SAMPLES)
    return True


def _known(ask):
    """Return what `ask()` does, or None where it cannot be told now: the others go on."""
    try:
        return ask()
    except Exception as error:
        log.warning("A number of the site is not known now: %r", error)
        return None


def samples():
    """Return what is kept [Sample], the newest last; raises Away.

    Not what is older than a line: after hours without a ws process it would stand there as if it were now.
    """
    since = time.time() - LINE_SECONDS
    return [each for text in store().samples() if (each := Sample(*json.loads(text))).at > since]
