"""An open page: it keeps the protocol honestly, and remembers what it went through."""

import asyncio
import json
import random
import time
import uuid
from collections import Counter

from .link import Link
from .outbox import Outbox, backoff
from .stream import Stream

ANSWER = 10.0  # seconds of silence, after something that must be answered, that mean a dead socket
BEAT = (20.0, 25.0)
STAY_AWAY = (4401, 4403, 4429)


class Client:
    """One client; `fetch(path)` is a coroutine function that returns (status, HTML) for its person."""

    def __init__(self, site, cookie="", fetch=None, name=""):
        self.site, self.cookie, self.fetch, self.name = site, cookie, fetch, name
        self.streams = {}
        self.outbox = Outbox(self._send, self.later)
        self.current = self.next = None  # the link it speaks on, and the one that follows it in a move
        self.tries = self.moves = 0
        self.timers, self.tasks = {}, set()
        self.stopped = 0  # the close code that told it to stay away
        self.closed = False
        # What it went through (monotonic seconds).
        self.lives = self.moved = self.resumes = self.reloads = 0
        self.lost_at, self.gaps = None, []  # [(without a live socket from, to)]
        self.ends = Counter()  # by close code
        self.strange = []  # frames of streams that it never asked for
        self.errors = []  # error frames

    def show(self, key, html="", forbidden=False):
        """Put a stream on the page, before or after the start; `html` is its fragment."""
        stream = self.streams[key] = Stream(key, self, forbidden)
        if html:
            stream.load(html)
        self.ask([key])

    def start(self):
        """Open the first socket."""
        self.current = Link(self, self.site, self.cookie)

    def stop(self):
        """Close for good."""
        self.closed = True
        for name in list(self.timers):
            self._cancel(name)
        for link in (self.current, self.next):
            if link:
                self._discard(link)
        self.current = self.next = None
        for task in self.tasks:
            task.cancel()

    @property
    def live(self):
        return bool(self.current and self.current.live)

    @property
    def settled(self):
        """Tell whether nothing is under way: live, all said, no hole and no reset left."""
        busy = any(s.resetting or s.asking or s.hole > s.seq for s in self.streams.values())
        return self.live and not busy and not self.outbox.waiting

    def act(self, key, type, **fields):
        """Say, edit or remove, however often the socket dies meanwhile; returns the client_id."""
        client_id = str(uuid.uuid4())
        self.outbox.add({"type": type, "stream": key, "client_id": client_id, **fields})
        return client_id

    # What the link tells.

    def opened(self, link):
        """Resume first of all."""
        keys = [key for key, stream in self.streams.items() if not stream.resetting]
        link.owed, link.greeted = set(keys), True
        self._resume(link, keys)
        self._settle(link)

    def heard(self, link, text):
        """Take a message: a frame, or an array of frames."""
        if link.silence:
            link.silence.cancel()
            link.silence = None
        frames = json.loads(text)
        for frame in frames if isinstance(frames, list) else [frames]:
            self._take(frame, link)
        self._settle(link)

    def lost(self, link, code, since=0.0):
        """Come back, unless the code says to stay away; a lost successor leaves what was."""
        self.ends[code] += 1
        if link.silence:
            link.silence.cancel()
        if link is self.next:
            self.next = None
            if code not in STAY_AWAY:
                self._after("move", backoff(self.moves), self._follow)
                self.moves += 1
            return
        if link is not self.current:
            return
        was_live, self.current, self.next = link.live, self.next, None
        if code in STAY_AWAY:
            self.stopped = code
            self.stop()
        elif not self.current:
            self._cancel("move")
            self._after("retry", backoff(self.tries), self.start)
            self.tries += 1
        if was_live and not self.live and not self.stopped:
            self.lost_at = since or time.monotonic()

    # Frames.

    def _take(self, frame, link):
        if "move" in frame:
            self._move(link, frame["move"]["within"])
        elif "done" in frame:
            self.outbox.done(frame["done"])
        elif "failed" in frame:
            self.outbox.refused(frame["failed"], frame["code"])
        elif "error" in frame:
            self.errors.append(frame)
        if "stream" not in frame:
            return
        if frame["stream"] not in self.streams:
            self.strange.append(frame)
            return
        if not frame.keys().isdisjoint(("resumed", "reset", "refused")):
            link.owed.discard(frame["stream"])
        self.streams[frame["stream"]].take(frame, link)

    def said(self, client_id):
        """Its entry has come: that is an answer too."""
        self.outbox.done(client_id)

    def ask(self, keys, link=None):
        """Resume streams, on `link` or on every link that has said hello."""
        for each in [link] if link else [self.current, self.next]:
            if each and each.greeted and each.open:
                if not each.live:
                    each.owed |= set(keys)
                self._resume(each, keys)

    def _resume(self, link, keys):
        self.resumes += 1
        cursors = {key: self.streams[key].position() for key in keys}
        link.send(json.dumps({"type": "resume", "streams": cursors}))
        self._expect(link)

    def _send(self, text, answered=True):
        if not self.live or not self.current.open:
            return False
        self.current.send(text)
        if answered:
            self._expect(self.current)
        return True

    # Links.

    def _settle(self, link):
        """Call a link live when it has answered for every stream; then the one before it may go."""
        if link.live or link.ended or link.owed or link not in (self.current, self.next):
            return
        link.live = True
        self.tries = self.moves = 0
        self.lives += 1
        if link is self.next:
            old, self.current, self.next = self.current, link, None
            self.moved += 1
            if old:
                self._discard(old)
            if link.leaving:
                self._move(link, link.leaving)
        if self.lost_at is not None:
            self.gaps.append((self.lost_at, time.monotonic()))
            self.lost_at = None
        self._after("beat", random.uniform(*BEAT), self._beat)
        self.outbox.live()

    def _expect(self, link):
        """Count the link as dead where nothing at all is heard for too long."""
        if not link.silence:
            link.asked = time.monotonic()
            link.silence = self.later(ANSWER, lambda: self._give_up(link))

    def _give_up(self, link):
        link.ended = True
        link.abort()
        self.lost(link, 1006, since=link.asked)

    def _discard(self, link):
        if link.silence:
            link.silence.cancel()
        link.close()

    def _move(self, link, within):
        """Make before break: dial at a random moment, and close this link only when the new one is live."""
        if link is self.next:
            link.leaving = within or 0.001
        if not self.next and "move" not in self.timers:
            self._after("move", random.uniform(0, within), self._follow)

    def _follow(self):
        if self.current and not self.next:
            self.next = Link(self, self.site, self.cookie)

    def _beat(self):
        self._send('{"type":"beat","idle":false}', answered=False)
        self.outbox.again()
        self._after("beat", random.uniform(*BEAT), self._beat)

    # A reset.

    def reload(self, stream):
        """Fetch the stream's part of the page anew, at a random moment: everybody is told so at once."""
        self.reloads += 1
        task = asyncio.ensure_future(self._reload(stream))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _reload(self, stream):
        tries = 0
        while True:
            await asyncio.sleep(backoff(tries))
            status, html = await self.fetch(stream.fragment)
            if status == 200:
                stream.load(html)
                self.ask([stream.key])
                return
            if status in (401, 403, 404, 410):
                stream.resetting, stream.refused = False, True
                return
            tries += 1

    # Time.

    def later(self, delay, action):
        """Call something later, in seconds; returns what can be cancelled."""
        return asyncio.get_running_loop().call_later(delay, action)

    def _after(self, name, delay, action):
        self._cancel(name)

        def act():
            del self.timers[name]
            action()

        self.timers[name] = self.later(delay, act)

    def _cancel(self, name):
        if timer := self.timers.pop(name, None):
            timer.cancel()
