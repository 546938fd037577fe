"""A client's place in one stream, and what it shows of it: the cursor's rules of docs/protocol.md."""

import time

from . import page

ASKED = 5.0  # seconds that an answer to a resume may take, before a hole makes us ask again
BETWEEN = 0.5  # and so long at least lies between two of them
PAGE = 50  # lines of a fragment; a page of fewer holds all there is


class Stream:
    """One stream on the page of the client `wire`."""

    def __init__(self, key, wire, forbidden=False):
        self.key, self.wire, self.forbidden = key, wire, forbidden
        self.epoch, self.seq, self.fragment = "", 0, ""
        self.shown = {}  # number of a line: its text, in the order of the page
        self.since = 0  # lines below this number are above the top of the page
        self.arrivals = []  # [(seq, monotonic seconds)] of the entries that came
        self.refused = self.resetting = self.asking = False
        self.hole = self.asked = 0
        self.timer = None
        self.resets = self.leaked = 0

    def load(self, html):
        """Show a fragment in place of all that was shown: its epoch and head are the cursor."""
        parsed = page.parse(html)
        element = parsed.streams[self.key]
        self.epoch, self.seq = element["data-epoch"], int(element["data-head"])
        self.fragment = element["data-fragment"]
        fresh = {page.number_of(id): text for id, text in parsed.lines.items()}
        self.shown = fresh
        self.since = min(fresh) if len(fresh) >= PAGE else 0
        self.resetting, self.hole = False, 0

    def position(self):
        """Return the cursor for a resume that is sent now."""
        self.asked, self.asking = time.monotonic(), True
        return {"epoch": self.epoch, "seq": self.seq}

    def take(self, frame, link):
        """Act on a frame of this stream that came over `link`."""
        if "refused" not in frame:
            self.leaked += self.forbidden
        if "seq" in frame:
            self._entry(frame, link)
        elif "resumed" in frame:
            self._resumed(frame["resumed"], link)
        elif "reset" in frame:
            self._reset(frame["reset"])
        elif "refused" in frame:
            self.asking, self.refused = False, True

    def _entry(self, frame, link):
        if self.resetting:
            return
        seq = frame["seq"]
        if self.epoch and seq > self.seq + 1:
            self._missing(seq, link)
            return
        if frame.get("client_id"):
            self.wire.said(frame["client_id"])
        if seq <= self.seq:
            return
        self.seq = seq
        self.arrivals.append((seq, time.monotonic()))
        page.apply(frame["html"], self.shown)

    def _resumed(self, at, link):
        self.asking = False
        if self.resetting:
            return
        self.refused = False
        self._cancel()
        if not self.epoch:
            self.epoch, self.seq = at["epoch"], max(self.seq, at["head"])
        elif at["epoch"] != self.epoch:
            self._reset(at)
        elif at["head"] > self.seq:
            self._missing(at["head"], link)

    def _missing(self, seq, link):
        """Ask once for a hole, not once per frame behind it; and again, should the answer never come."""
        self.hole = max(self.hole, seq)
        if self.timer:
            return
        wait = (ASKED if self.asking else BETWEEN) - (time.monotonic() - self.asked)
        if wait <= 0:
            self.wire.ask([self.key], link)
        else:
            self.timer = self.wire.later(wait, self._ask_again)

    def _ask_again(self):
        self.timer = None
        if not self.resetting and self.seq < self.hole:
            self.wire.ask([self.key])

    def _reset(self, at):
        self.asking = False
        if self.resetting:
            return
        self.resets += 1
        self._cancel()
        if self.fragment:
            self.resetting, self.refused = True, False
            self.wire.reload(self)
        else:  # a stream that is only listened to has no part of a page to fetch
            self.epoch, self.seq = at["epoch"], at["head"]

    def _cancel(self):
        if self.timer:
            self.timer.cancel()
            self.timer = None
