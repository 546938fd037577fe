"""What counters say about the last seconds, for a process that tells others how it is."""

import time
from collections import deque

from prometheus_client import REGISTRY

RATE_SECONDS = 10  # over which a rate is taken
LATELY_SECONDS = 60  # over which what is rare is counted


def totals(names, registry=None):
    """Return {sample: its sum over all labels} of these metrics' samples; a bucket's name ends in its limit.

    Only the metrics that are named are collected: others may ask the database.
    """
    found = dict.fromkeys(names, 0.0)
    registry = registry or REGISTRY.restricted_registry(names)
    for family in registry.collect():
        for sample in family.samples:
            if sample.name in names:
                limit = f" {sample.labels['le']}" if "le" in sample.labels else ""
                found[sample.name + limit] = found.get(sample.name + limit, 0.0) + sample.value
    return found


class Rates:
    """Totals as they were at each look, for LATELY_SECONDS; `read()` returns {name: total}."""

    def __init__(self, read):
        self.read, self.looks = read, deque()

    def look(self):
        """Read the totals; call it every few seconds."""
        self.looks.append((time.monotonic(), self.read()))
        while len(self.looks) > 2 and self.looks[-1][0] - self.looks[1][0] >= LATELY_SECONDS:
            self.looks.popleft()

    def grown(self, name, seconds=LATELY_SECONDS):
        """Return by how much the total has grown in the last seconds, and in how many it did that."""
        now, last = self.looks[-1]
        at, first = next((look for look in reversed(self.looks) if now - look[0] >= seconds), self.looks[0])
        return max(0.0, last.get(name, 0.0) - first.get(name, 0.0)), now - at

    def per_second(self, name):
        """Return the total's growth per second, rounded to three places."""
        grown, seconds = self.grown(name, RATE_SECONDS)
        return round(grown / seconds, 3) if seconds else 0.0

    def lately(self, name):
        """Return by how much the total has grown in the last minute."""
        return round(self.grown(name)[0])

    def quantile(self, name, part):
        """Return below which value that part of a histogram's last observations lies; None: there are none.

        Linear within a bucket, as Prometheus' histogram_quantile has it; above the last limit, that one.
        """
        prefix = f"{name}_bucket "
        names = [key for key in self.looks[-1][1] if key.startswith(prefix)]
        buckets = sorted((float(key.removeprefix(prefix)), self.grown(key, RATE_SECONDS)[0]) for key in names)
        if not buckets or not (wanted := part * buckets[-1][1]):
            return None
        low, below = 0.0, 0.0
        for limit, count in buckets:
            if count >= wanted:
                return (
                    low if limit == float("inf") else low + (limit - low) * (wanted - below) / (count - below)
                )
            low, below = limit, count
        return low
