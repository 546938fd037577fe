"""The last entries of one stream, in a ws process's memory: what a reconnecting client asks for."""

from collections import deque

from .frames import size_of

KEEP_ENTRIES = 200
KEEP_BYTES = 262144


class Shown:
    """The newest of a state: sent to the members, or waiting for a timer that sends it."""

    def __init__(self):
        self.v, self.frame, self.timer = 0, "", None
        self.sent_at = float("-inf")  # by the loop's clock


class Tail:
    """Where this process stands in a stream, its last entries, and its local members."""

    def __init__(self, key):
        self.key = key
        self.epoch, self.head, self.oldest = "", None, 1  # head None: not read yet
        self.wanted = 0  # the highest number that a notice or the heads check has named
        self.entries = deque()  # log.Kept, without a hole, up to head
        self.bytes = 0
        self.cuts = 0  # how often entries were forgotten at once: what was read before that may be stale
        self.states = {}  # name → Shown
        self.members = set()
        self.loading = None  # the task that reads it for the first time
        self.filling = None  # the task that reads what is missing
        self.refilling = None  # the task that reads what an amendment made us forget

    @property
    def first(self):
        """The number of the first entry that is here."""
        return self.entries[0].seq if self.entries else self.head + 1

    def start(self, epoch, head, oldest, entries):
        """Stand at `head` with the given last entries."""
        self.epoch, self.head, self.oldest = epoch, head, oldest
        self.entries.clear()
        self.bytes = 0
        self.cuts += 1
        for entry in entries:
            self._keep(entry)

    def append(self, entry):
        """Take the next entry; tells False for one that is not the next."""
        if entry.seq != self.head + 1:
            return False
        if entry.amends:
            self._cut(entry.thing)
        self.head = entry.seq
        self._keep(entry)
        return True

    def _keep(self, entry):
        self.entries.append(entry)
        self.bytes += size_of(entry.frame)
        while self._is_full() and len(self.entries) > 1:
            self._drop_first()

    def _is_full(self):
        return len(self.entries) > KEEP_ENTRIES or self.bytes > KEEP_BYTES

    def _drop_first(self):
        self.bytes -= size_of(self.entries.popleft().frame)

    def _cut(self, thing):
        """Forget all up to the last entry that tells what the thing was: the log has them as they are now."""
        self.cuts += 1  # what is being read from the log just now may still tell it
        told = [entry.seq for entry in self.entries if entry.thing == thing]
        if told:
            while self.entries and self.entries[0].seq <= told[-1]:
                self._drop_first()

    def extend_back(self, entries):
        """Take entries from before the first one, as far as there is room; they come oldest first."""
        for entry in reversed(entries):
            if entry.seq == self.first - 1:
                self.entries.appendleft(entry)
                self.bytes += size_of(entry.frame)
                if self._is_full():
                    return self._drop_first()

    def reaches(self, seq):
        """Tell whether memory alone can continue from `seq`."""
        return self.first - 1 <= seq <= self.head

    def after(self, seq):
        """Return the frames behind `seq`."""
        return [entry.frame for entry in self.entries if entry.seq > seq]
