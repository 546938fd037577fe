"""What a ws process counts, in seconds and bytes; a counter's name gets `_total` when it is told."""

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

from .rates import Rates, totals

ENTRIES = Counter("partyline_entries", "Entries taken by this process for its sockets, each once.")
DELIVERIES = Counter("partyline_deliveries", "Frames of entries and states handed to sockets.")
HOLES = Counter("partyline_holes", "Streams read from the log because a notice was lost.")
DELAY = Histogram(
    "partyline_delivery_seconds",
    "From an entry's COMMIT until its bytes are handed to the last of this process's sockets.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
CUT = Counter("partyline_readers_cut", "Sockets cut because they did not read what they were owed.")
RESUMES = Counter("partyline_resumes", "Streams resumed, by where what they lacked came from.", ["by"])
RESETS = Counter("partyline_resets", "Streams that a page was told to load anew.")
REFUSED = Counter("partyline_ws_refused", "Sockets that were not taken.", ["why"])
MOVES = Counter("partyline_moves", "Sockets asked to move to another process.", ["why"])
DRAINS = Counter("partyline_drains", "Drains begun.")

LABELS = {
    RESUMES: ("nothing", "memory", "log"),
    REFUSED: ("origin", "address", "person", "database"),
    MOVES: ("drain", "balance"),
}
for metric, values in LABELS.items():
    for value in values:
        metric.labels(value)  # told from the start, as 0


class HubCollector:
    """The hub's present state, read when it is asked for."""

    def __init__(self, hub):
        self.hub = hub

    def collect(self):
        """Yield the gauges; called on another thread than the hub's, so it iterates over copies."""
        now = present(self.hub)
        yield GaugeMetricFamily("partyline_ws_connections", "Open sockets.", now["sockets"])
        yield GaugeMetricFamily("partyline_streams", "Streams with local members.", now["streams"])
        yield GaugeMetricFamily(
            "partyline_owed_bytes", "Bytes owed to sockets, and not taken yet.", now["owed"]
        )


def present(hub):
    """Return {name: number} of what the hub holds now; from any thread, so it iterates over copies."""
    sockets, tails = list(hub.sockets), list(hub.tails.values())
    return {
        "sockets": len(sockets),
        "streams": sum(bool(tail.members) for tail in tails),
        "owed": sum(socket.owed_bytes for socket in sockets),
    }


class HubNumbers:
    """What a ws process announces of itself: what it holds, and what it did lately."""

    RATES = {"entries": "partyline_entries_total", "deliveries": "partyline_deliveries_total"}
    LATELY = {
        "cut": "partyline_readers_cut_total",
        "resumes": "partyline_resumes_total",
        "resets": "partyline_resets_total",
    }
    LINES = ("sockets", "streams", "owed", *RATES, *LATELY)

    def __init__(self, hub):
        names = [*self.RATES.values(), *self.LATELY.values()]
        self.hub, self.rates = hub, Rates(lambda: totals(names))

    def __call__(self):
        self.rates.look()
        rates = {name: self.rates.per_second(total) for name, total in self.RATES.items()}
        lately = {name: self.rates.lately(total) for name, total in self.LATELY.items()}
        return present(self.hub) | rates | lately
