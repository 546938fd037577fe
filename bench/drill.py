"""`make drill`: hurt a running stack under load, and see that no page misses anything.

Knobs, from the environment or as NAME=value: SECONDS CLIENTS ROOMS RATE (messages a second in each room)
EVERY (seconds between the beginnings of two faults) SEED (of what happens, and in which order)
FAULTS (parts of their names, with commas between; all when empty). K8S=1, in the environment, means the site
in the cluster that kubectl reaches; K8S_URL is its address where none is found, K8S_NAMESPACE its namespace.
"""

import asyncio
import os
import random
import secrets
import signal
import sys
import time

from . import faults, outcome, stack, truth
from .outcome import say
from .party import Party
from .people import Site
from .shell import StackError, interrupted
from .visits import Visits

DEFAULTS = {"SECONDS": 300, "CLIENTS": 200, "ROOMS": 10, "RATE": 5, "EVERY": 5, "FAULTS": ""}
PROGRESS = 10.0  # seconds between two lines of progress
LIVE_WITHIN = 60.0  # seconds in which every page must be live again
QUIET_WITHIN = 90.0  # and in which all must be said and shown in the end
SHOWN_WITHIN = 30.0


class Drill:
    """One run: what it was given, what happened, and what went wrong with the drill itself."""

    def __init__(self, hands, knobs):
        self.stack, self.knobs = hands, knobs
        hands.site = Site(hands.url)
        dice = random.Random(knobs["SEED"])
        self.fault_dice = random.Random(knobs["SEED"])
        self.party = Party(hands.site, dice, f"drill {secrets.token_hex(3)}")
        self.visits = Visits(hands.site, self.party.word)
        self.happened, self.failures, self.late = [], [], []
        self.kinds = faults.kinds(hands, knobs["SECONDS"], knobs["FAULTS"])
        self.doing = ""

    @property
    def pages(self):
        return [guest.client for guest in self.party.guests]

    async def run(self):
        """Do it all and return the exit status."""
        knobs, party = self.knobs, self.party
        say(f"The drill, on {self.stack.url} ({self.stack.mode}): " + words(knobs))
        await party.gather(knobs["CLIENTS"], knobs["ROOMS"])
        await self.visits.come_in()
        if not await self.all_live():
            return outcome.conclude(self)
        began = time.monotonic()
        self.until = began + knobs["SECONDS"]
        talk = [asyncio.create_task(party.talk(room, knobs["RATE"])) for room in party.rooms]
        talk += [asyncio.create_task(party.pester(room)) for room in party.rooms]
        talk += [asyncio.create_task(self.progress(began)), asyncio.create_task(self.watch_the_clock())]
        public = [f"/rooms/{room.id}/" for room in party.rooms if not room.private]
        talk.append(asyncio.create_task(self.visits.run(["/", *public])))
        secret = [room for room in party.rooms if room.private]
        losses = [asyncio.create_task(party.revoke(room, knobs["SECONDS"] * 0.7)) for room in secret]
        await self.hurt()
        await asyncio.sleep(max(0, self.until - time.monotonic()))
        await asyncio.gather(*losses)
        for task in talk:
            task.cancel()
        await asyncio.gather(*talk, return_exceptions=True)
        await self.quiet()
        for page in self.pages:  # as they are now: the database is read after
            page.stop()
        found = await asyncio.to_thread(truth.read, self.stack, [room.id for room in party.rooms])
        return outcome.conclude(self, found)

    async def hurt(self):
        """One fault after the other; the next begins when the stack is healthy and every page live."""
        order = faults.in_order(self.kinds, self.fault_dice)
        while time.monotonic() < self.until - self.knobs["EVERY"]:
            fault = next(order)
            self.doing = fault.name
            try:
                happened = await asyncio.to_thread(fault.do, self.stack, self.fault_dice)
            except asyncio.CancelledError:
                interrupted.set()  # its thread goes on, and puts back what it has changed
                raise
            except StackError as error:
                self.failures.append(f"{fault.name}: {error}")
                self.until = 0
                return
            self.happened.append(happened)
            if not await self.all_live():
                self.until = 0
                return
            self.doing = ""
            took = [moment - happened.began for moment in (happened.healthy, time.monotonic())]
            say("        {}: healthy after {:.1f} s, all live after {:.1f} s".format(fault.name, *took))
            await asyncio.sleep(max(0, happened.began + self.knobs["EVERY"] - time.monotonic()))

    async def all_live(self):
        """Wait until every page is live, but for those that were told to stay away."""
        if await within(LIVE_WITHIN, lambda: all(page.live or page.stopped for page in self.pages)):
            return True
        away = [page.name for page in self.pages if not (page.live or page.stopped)]
        self.failures.append(f"{len(away)} pages were not live within {LIVE_WITHIN:g} s: {away[:5]}")
        return False

    async def quiet(self):
        """Wait until all is said and every page stands at its streams' heads."""
        say("The faults are over; waiting until all is said and shown")
        party, rooms = self.party, [room.id for room in self.party.rooms]

        def said():
            return not party.posts and all(page.settled or page.stopped for page in self.pages)

        if not await within(QUIET_WITHIN, said):
            unsaid = sum(len(page.outbox.waiting) for page in self.pages) + len(party.posts)
            self.failures.append(f"not quiet within {QUIET_WITHIN:g} s: {unsaid} things unsaid")
        heads = await asyncio.to_thread(truth.heads, self.stack, rooms)

        def shown():
            pages = outcome.seen(self.party)
            return all(each.head >= heads[each.key] for each in pages if each.whole and each.allowed)

        await within(SHOWN_WITHIN, shown)
        # Who lost a stream must go on being shown nothing, and a doubled answer has time to come.
        await asyncio.sleep(2)

    async def watch_the_clock(self):
        """Measure by how many seconds this process itself comes too late: its times are no better."""
        while True:
            due = time.monotonic() + 0.1
            await asyncio.sleep(0.1)
            self.late.append(time.monotonic() - due)

    async def progress(self, began):
        """Print a line now and then."""
        while True:
            await asyncio.sleep(PROGRESS)
            live = sum(page.live for page in self.pages)
            doing = self.doing or "nothing"
            say(
                f"{time.monotonic() - began:5.0f} s  {len(self.party.said)} messages, "
                f"{self.party.deliveries} deliveries, {live} of {len(self.pages)} live, "
                f"{len(self.happened)} faults, now: {doing}"
            )


async def within(seconds, condition):
    """Wait for a condition; return whether it came in so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def words(knobs):
    return " ".join(f"{name}={value}" for name, value in knobs.items())


def read_knobs(arguments):
    """Return the knobs; exits in words where one is no number."""
    given = dict(os.environ) | dict(argument.partition("=")[::2] for argument in arguments)
    knobs = {}
    for name, default in (DEFAULTS | {"SEED": secrets.randbelow(10_000)}).items():
        try:
            knobs[name] = type(default)(given.get(name) or default)
        except ValueError:
            sys.exit(f"{name}={given[name]} is not a whole number")
        if name not in ("SEED", "FAULTS") and knobs[name] < 1:
            sys.exit(f"{name}={knobs[name]} is too small")
    if knobs["ROOMS"] < 2 or knobs["CLIENTS"] < 4 * knobs["ROOMS"]:
        sys.exit("The drill needs two rooms (ROOMS), and four people in each (CLIENTS)")
    return knobs


def main(arguments):
    """Run the drill; what it changed for good, as the number of ws processes, is put back afterwards."""
    knobs = read_knobs(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends it, it puts that back
    try:
        hands = stack.find()
        try:
            return asyncio.run(Drill(hands, knobs).run())
        finally:
            hands.put_back()
    except (StackError, RuntimeError) as error:
        sys.exit(f"The drill could not be done: {error}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
