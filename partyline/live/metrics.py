"""What a ws process counts, in seconds and bytes; a counter's name gets `_total` when it is told."""

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

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
        sockets, tails = list(self.hub.sockets), list(self.hub.tails.values())
        owed = sum(socket.owed_bytes for socket in sockets)
        streams = sum(bool(tail.members) for tail in tails)
        yield GaugeMetricFamily("partyline_ws_connections", "Open sockets.", len(sockets))
        yield GaugeMetricFamily("partyline_streams", "Streams with local members.", streams)
        yield GaugeMetricFamily("partyline_owed_bytes", "Bytes owed to sockets, and not taken yet.", owed)
