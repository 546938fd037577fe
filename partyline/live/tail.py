"""The last entries of one stream, in a ws process's memory: what a reconnecting client asks for."""

from collections import deque

from .frames import size_of

KEEP_ENTRIES = 200
KEEP_BYTES = 262144


class Tail:
    """Where this process stands in a stream, its last frames, and its local members."""

    def __init__(self, key):
        self.key = key
        self.epoch, self.head, self.oldest = "", None, 1  # head None: not read yet
        self.wanted = 0  # the highest number that a notice or the heads check has named
        self.frames = deque()  # (seq, frame), without a hole, up to head
        self.bytes = 0
        self.versions = {}  # state's name → the newest v that the members were sent
        self.members = set()
        self.loading = None  # the task that reads it for the first time
        self.filling = None  # the task that reads what is missing

    def start(self, epoch, head, oldest, frames):
        """Stand at `head` with the given last frames."""
        self.epoch, self.head, self.oldest = epoch, head, oldest
        self.frames.clear()
        self.bytes = 0
        for seq, frame in frames:
            self._keep(seq, frame)

    def append(self, seq, frame):
        """Take the next entry; tells False for one that is not the next."""
        if seq != self.head + 1:
            return False
        self.head = seq
        self._keep(seq, frame)
        return True

    def _keep(self, seq, frame):
        self.frames.append((seq, frame))
        self.bytes += size_of(frame)
        while len(self.frames) > KEEP_ENTRIES or self.bytes > KEEP_BYTES and len(self.frames) > 1:
            self.bytes -= size_of(self.frames.popleft()[1])

    def reaches(self, seq):
        """Tell whether memory alone can continue from `seq`."""
        first = self.frames[0][0] if self.frames else self.head + 1
        return first - 1 <= seq <= self.head

    def after(self, seq):
        """Return the frames behind `seq`."""
        return [frame for number, frame in self.frames if number > seq]
