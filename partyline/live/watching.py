"""How many look at a stream: open sockets, signed in or not, over all ws processes.

Each ws process tells its own with the rest about itself, every two seconds; those of a killed process are
counted for up to ten seconds more.
"""

from . import kinds
from .processes import processes


def here(hub):
    """Return {key: readers} of this process's streams whose readers are counted; any thread may ask."""
    tails = [tail for tail in list(hub.tails.values()) if tail.members]
    return {tail.key: len(tail.members) for tail in tails if _is_watched(tail.key)}


def watching(key):
    """Return how many read the stream; 0 while Redis is away."""
    return sum(each.numbers.get("watching", {}).get(key, 0) for each in processes("ws"))


def _is_watched(key):
    kind, _ = kinds.find(key)
    return kind is not None and kind.watched
