"""What a client has said and is not yet answered: sent again over every reconnect."""

import json
import random
from collections import Counter

BUNCH = 10  # at most so many go out …
PACE = 1.0  # … within so many seconds
AGAIN = ("unavailable", "too_fast")  # codes of `failed` that say "not now"


class Outbox:
    """What waits for an answer, in the order of saying; `send(text)` is true on a live socket."""

    def __init__(self, send, later):
        self.send, self.later = send, later
        self.waiting = {}  # client_id: [frame as text, sent on the socket that is live now]
        self.timer, self.tries = None, 0
        self.codes = Counter()  # by code of `failed`
        self.finished = set()  # client_ids
        self.failed = {}  # client_id: the code that means it will never be done

    def add(self, frame):
        """Say something, now or when there is a live socket."""
        self.waiting[frame["client_id"]] = [json.dumps(frame), False]
        if not self.timer:
            self.flush()

    def live(self):
        """Send everything again: what the socket before did not answer, it may never have read."""
        self.again()

    def again(self):
        """Send again what was not answered."""
        for item in self.waiting.values():
            item[1] = False
        self.flush()

    def done(self, client_id):
        """Stop sending it: it is committed."""
        self.tries = 0
        if self.waiting.pop(client_id, None):
            self.finished.add(client_id)

    def refused(self, client_id, code):
        """Try again where the code says "not now", else give up."""
        self.codes[code] += 1
        if client_id not in self.waiting:
            return
        if code not in AGAIN:
            self.failed[client_id] = code
            del self.waiting[client_id]
            return
        self.waiting[client_id][1] = False
        if not self.timer:
            self.timer = self.later(0.5 + backoff(self.tries), self.flush)
            self.tries += 1

    def flush(self):
        """Send what waits, in its order and not all at once."""
        if self.timer:
            self.timer.cancel()
            self.timer = None
        unsent = [item for item in self.waiting.values() if not item[1]]
        for item in unsent[:BUNCH]:
            item[1] = self.send(item[0])
            if not item[1]:
                return
        if len(unsent) > BUNCH:
            self.timer = self.later(PACE, self.flush)


def backoff(tries):
    """Return how long to wait before another try: at random within 1 s, then 2, 4, 8 and 15."""
    return random.uniform(0, min(2.0**tries, 15.0))
