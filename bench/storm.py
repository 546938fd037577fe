"""`make storm`: many react to one update while many more read; what it costs each reader and the database.

It works on the running stack of this checkout, from outside. Knobs, from the environment or as NAME=value:
READERS (open pages of the event), RATE (reactions a second, of all together), SECONDS. It fails where a
reader gets more than 4 updates a second, the database more than 20 writing transactions a second, or where
what a page shows in the end is not what was kept.
"""

import asyncio
import html
import json
import os
import random
import re
import secrets
import sys
import time
import uuid

from . import stack
from .client import Client
from .drill import within, words
from .outcome import say
from .people import Person, Site
from .report import percentile, spread
from .shell import StackError
from .stream import Stream

DEFAULTS = {"READERS": 500, "RATE": 300, "SECONDS": 30}
PER_PERSON = 6  # reactions a second: what the site lets one person do is above it
UPDATES, WRITES = 4, 20  # a second, at most
REACTIONS = ("like", "love", "laugh", "wow", "sad")
TALLIES = re.compile("data-tallies=(['\"])(.*?)\\1")
# Only what writes gets a number of its own.
NEXT_TRANSACTION = "SELECT pg_snapshot_xmax(pg_current_snapshot())"


class Reader(Stream):
    """An event on a page: it remembers when its numbers came, and what they say."""

    def __init__(self, key, wire):
        super().__init__(key, wire)
        self.updates, self.counts = [], {}

    def take(self, frame, link):
        super().take(frame, link)
        if frame.get("state") == "tallies":
            self.updates.append(time.monotonic())
            found = TALLIES.search(frame["html"])
            self.counts = json.loads(html.unescape(found[2])) if found else {}


class Storm:
    """One run."""

    def __init__(self, hands, knobs):
        self.stack, self.knobs, self.site = hands, knobs, Site(hands.url)
        self.clients, self.readers, self.sent, self.late = [], [], {}, 0
        self.wanted = {}  # (who, reaction): whether it stands, as last said

    async def run(self):
        """Do it all and return the exit status."""
        knobs = self.knobs
        say(f"The storm, on {self.stack.url} ({self.stack.mode}): {words(knobs)}")
        people = await self.gather()
        if not await within(60, lambda: all(client.live for client in self.clients)):
            say("FAILED  not all pages were live within 60 s")
            return 1
        idle = await self.writes(during=asyncio.sleep(5))
        for reader in self.readers:
            reader.updates.clear()
        began = time.monotonic()
        stormy = await self.writes(during=self.react(people))
        lasted = time.monotonic() - began
        quiet = await within(30, lambda: not any(client.outbox.waiting for client in self.clients))
        kept = await asyncio.to_thread(self.kept)
        shown = await within(10, lambda: all(self.shows(reader) == kept for reader in self.readers))
        for client in self.clients:
            client.stop()
        return self.conclude(lasted, idle, stormy, quiet, kept, shown)

    async def gather(self):
        """Make the event with one update, and open everybody's page; return who reacts."""
        word = secrets.token_hex(3)
        author = await asyncio.to_thread(Person.member, self.site, f"storm {word}")
        made = author.expect(302, author.post("/events/", title=f"Storm {word}"))
        self.path, self.event = made.location, int(re.search(r"/(\d+)/$", made.location)[1])
        author.expect(302, author.post(f"{self.path}note/", text="And it is in!", client_id=uuid.uuid4()))
        page = author.get(self.path).text
        self.note = re.search(r'id="note-(\d+)"', page)[1]
        reacting = max(1, round(self.knobs["RATE"] / PER_PERSON))
        people = [
            await asyncio.to_thread(Person.guest, self.site, f"storm {word} {n}") for n in range(reacting)
        ]
        for n in range(max(self.knobs["READERS"], reacting)):
            cookie = people[n].cookie if n < reacting else ""
            client = Client(self.site, cookie, name=f"page {n}")
            reader = client.streams[f"event:{self.event}"] = Reader(f"event:{self.event}", client)
            self.clients.append(client)
            self.readers.append(reader)
            client.start()
            await asyncio.sleep(0.005)
        return self.clients[:reacting]

    async def react(self, clients):
        """React for so many seconds, at the rate, each person in turn."""
        rate, until = self.knobs["RATE"], time.monotonic() + self.knobs["SECONDS"]
        due, n = time.monotonic(), 0
        while (now := time.monotonic()) < until:
            while due <= now:
                who, reaction = n % len(clients), random.choice(REACTIONS)
                on = not self.wanted.get((who, reaction))
                self.wanted[who, reaction] = on
                fields = {"note": self.note, "reaction": reaction, "on": str(int(on))}
                id = clients[who].act(f"event:{self.event}", "react", **fields)
                self.sent[id] = now
                due, n = due + 1 / rate, n + 1
            await asyncio.sleep(0.005)

    async def writes(self, during):
        """Return the writing transactions a second while the coroutine runs."""
        first, began = await asyncio.to_thread(self.stack.rows, NEXT_TRANSACTION), time.monotonic()
        await during
        last, ended = await asyncio.to_thread(self.stack.rows, NEXT_TRANSACTION), time.monotonic()
        return (int(last[0][0]) - int(first[0][0])) / (ended - began)

    def kept(self):
        """Return {reaction: how many} that the database holds, counted anew."""
        sql = "SELECT kind, count(*) FROM commentary_reaction WHERE note_id = {} GROUP BY kind"
        return {kind: int(count) for kind, count in self.stack.rows(sql.format(int(self.note)))}

    def shows(self, reader):
        return {kind: count for kind, count in reader.counts.get(self.note, {}).items() if count}

    def conclude(self, lasted, idle, stormy, quiet, kept, shown):
        """Print what it cost and return the exit status."""
        rates = [len(reader.updates) / lasted for reader in self.readers]
        said = {}
        for (_, reaction), on in self.wanted.items():
            said[reaction] = said.get(reaction, 0) + on
        said = {reaction: count for reaction, count in said.items() if count}
        say(f"{len(self.sent)} reactions, {len(self.sent) / lasted:.0f} a second, for {lasted:.0f} s")
        say(f"updates a second that a reader got: median {percentile(rates, 0.5):.2f}, most {max(rates):.2f}")
        gaps = [b - a for r in self.readers for a, b in zip(r.updates, r.updates[1:], strict=False)]
        say(f"between two updates of a reader: {spread(gaps)}")
        say(f"writing transactions a second: {stormy:.1f}; before, with nobody reacting: {idle:.1f}")
        troubles = {
            f"a reader got more than {UPDATES} updates a second": max(rates) > UPDATES,
            f"the database had more than {WRITES} writes a second": stormy > WRITES,
            "nobody got an update": not max(rates),
            "not all reactions were acknowledged": not quiet,
            f"what is kept is not what was said: {kept}, {said}": kept != said,
            "a page does not show what is kept": not shown,
        }
        for trouble, is_so in troubles.items():
            if is_so:
                say(f"FAILED  {trouble}")
        return int(any(troubles.values()))


def main(arguments):
    """Run the storm."""
    given = dict(os.environ) | dict(argument.partition("=")[::2] for argument in arguments)
    try:
        knobs = {name: int(given.get(name) or default) for name, default in DEFAULTS.items()}
    except ValueError as error:
        sys.exit(f"READERS, RATE and SECONDS are whole numbers: {error}")
    try:
        return asyncio.run(Storm(stack.find(), knobs).run())
    except (StackError, RuntimeError) as error:
        sys.exit(f"The storm could not be made: {error}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
