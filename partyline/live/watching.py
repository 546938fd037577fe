"""How many look at a stream: open sockets, signed in or not, over all ws processes.

Each ws process tells its own with the rest about itself, every two seconds; those of a killed process are
counted for up to ten seconds more.
"""

import time
from collections import Counter
from functools import lru_cache

from . import kinds
from .processes import processes
from .store import store


def here(hub):
    """Return {key: readers} of this process's streams whose readers are counted; any thread may ask."""
    tails = [tail for tail in list(hub.tails.values()) if tail.members]
    return {tail.key: len(tail.members) for tail in tails if _is_watched(tail.key)}


def watching(key):
    """Return how many read the stream; 0 while Redis is away."""
    return _counted(store(), int(time.monotonic()))[key]


@lru_cache(1)
def _counted(store, second):
    """Return Counter({key: readers}) of all streams; asked once a second: each of them is drawn as often."""
    counted = Counter()
    for each in processes("ws"):
        counted.update(each.numbers.get("watching", {}))
    return counted


def _is_watched(key):
    kind, _ = kinds.find(key)
    return kind is not None and kind.watched
