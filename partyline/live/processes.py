"""Which processes there are: each says so in the store every few seconds, and is forgotten when it stops."""

import json
import logging
import os
import socket
import threading
import time
from typing import NamedTuple

from .store import Away, store

log = logging.getLogger(__name__)

EVERY = 2  # seconds
FORGOTTEN = 10  # seconds after which one that says nothing is gone
STARTED = time.time()


class Process(NamedTuple):
    """A process as it last described itself; `numbers` are its service's own."""

    service: str
    name: str
    started: float  # seconds since 1970, by its own clock
    takes: bool  # whether it may be given work
    numbers: dict


def own_name():
    """Return this process's name: its host's, which is the pod's or the container's, and its id."""
    return f"{socket.gethostname()}/{os.getpid()}"


def announce(service, takes, numbers):
    """Say every few seconds, from a thread, that this process lives; both arguments are callables."""
    threading.Thread(target=_announce, args=(service, takes, numbers), name="announce", daemon=True).start()


def _announce(service, takes, numbers):
    name = own_name()
    while True:
        try:
            me = Process(service, name, STARTED, takes(), numbers())
            store().announce(name, json.dumps(me), FORGOTTEN)
        except Away as error:
            log.debug("Not announced: %s", error)
        except Exception:  # a thread that ends here would let the process be forgotten
            log.exception("This process could not be announced")
        time.sleep(EVERY)


def processes(service=""):
    """Return the living processes [Process] of a service, or of all, by name; none while Redis is away."""
    try:
        found = [Process(*json.loads(text)) for text in store().announced()]
    except Away:
        return []
    return sorted((each for each in found if service in ("", each.service)), key=lambda each: each[:2])
