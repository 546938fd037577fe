"""Which processes there are: each says so in the store every few seconds, and is forgotten when it stops."""

import atexit
import json
import logging
import os
import socket
import threading
import time
from collections import deque
from typing import NamedTuple

from .store import Away, store
from .version import version

log = logging.getLogger(__name__)

EVERY = 2  # seconds
SAMPLES = 60  # of each of its lines, one at each announcement
FORGOTTEN = 10  # seconds after which one that says nothing is gone
STARTED = time.time()


class Process(NamedTuple):
    """A process as it last described itself; `numbers` are its service's own.

    Among them are `version`, and `history`: {name: [the last SAMPLES values]} of those that are worth a line.
    """

    service: str
    name: str
    started: float  # seconds since 1970, by its own clock
    takes: bool  # whether it may be given work
    numbers: dict

    @property
    def version(self):
        """Which code it runs; "" where it does not say."""
        return self.numbers.get("version", "")

    @property
    def history(self):
        return self.numbers.get("history", {})


def own_name():
    """Return this process's name: its host's, which is the pod's or the container's, and its id."""
    return f"{socket.gethostname()}/{os.getpid()}"


announcers = []  # of this process


class Announcer:
    """Says every few seconds, from a thread, that a process lives, until it is withdrawn."""

    def __init__(self, service, takes, numbers, lines=()):
        self.service, self.takes, self.numbers = service, takes, numbers
        self.lines = {name: deque(maxlen=SAMPLES) for name in lines}
        self.pid, self.name, self.lock, self.is_over = os.getpid(), own_name(), threading.Lock(), False

    def run(self):
        while not self.is_over:
            try:
                self.say()
            except Away as error:
                log.debug("Not announced: %s", error)
            except Exception:  # a thread that ends here would let the process be forgotten
                log.exception("This process could not be announced")
            time.sleep(EVERY)

    def say(self):
        numbers = self.numbers()
        for name, line in self.lines.items():
            line.append(numbers.get(name))
        numbers |= {"version": version(), "history": {name: list(line) for name, line in self.lines.items()}}
        with self.lock:
            if not self.is_over:
                tell(Process(self.service, self.name, STARTED, self.takes(), numbers))

    def withdraw(self):
        """Have the process forgotten at once."""
        if self.pid != os.getpid():
            return  # a fork of it ends
        with self.lock:
            self.is_over = True
            try:
                store().withdraw(key_of(self.service, self.name))
            except Away:
                pass  # it is forgotten by itself


def announce(service, takes, numbers, lines=()):
    """Say every few seconds that this process lives; `takes` and `numbers` are callables.

    `lines` names the numbers that are kept as a history.
    """
    announcers.append(announcer := Announcer(service, takes, numbers, lines))
    threading.Thread(target=announcer.run, name="announce", daemon=True).start()


@atexit.register
def withdraw():
    """Have this process forgotten at once: it ends."""
    while announcers:
        announcers.pop().withdraw()


def tell(process):
    """Keep a process's description until it is FORGOTTEN; raises Away."""
    store().announce(key_of(process.service, process.name), json.dumps(process), FORGOTTEN)


def key_of(service, name):
    """Return what the description is kept under: one process may be of two services, in development."""
    return f"{service} {name}"


def found():
    """Return all living processes [Process], by service and name; raises Away."""
    return sorted((Process(*json.loads(text)) for text in store().announced()), key=lambda each: each[:2])


def processes(service=""):
    """Return the living processes of a service, or of all; none while Redis is away."""
    try:
        return [each for each in found() if service in ("", each.service)]
    except Away:
        return []
