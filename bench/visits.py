"""A trickle of page requests all the time: which ones fail is seen, and into which fault they fell."""

import asyncio
import itertools
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .people import Person
from .report import cause

VISITORS = 4
PAUSE = 0.25  # seconds between two requests of one visitor
WELL = (200, 302)


@dataclass
class Visit:
    """A page request (monotonic seconds); its status is 0 where nothing came back."""

    began: float
    ended: float
    status: int

    @property
    def failed(self):
        return self.status not in WELL


class Visits:
    """People who look at one page after the other."""

    def __init__(self, site, word):
        self.site, self.word = site, word
        self.people, self.made = [], []
        self.hands = ThreadPoolExecutor(VISITORS)  # their own: what others wait for does not hold them up

    async def come_in(self):
        """Let the visitors in; raises RuntimeError where one may not."""
        names = [f"{self.word} visitor {n}" for n in range(VISITORS)]
        self.people = await asyncio.gather(*(self._by_hand(Person.guest, self.site, name) for name in names))

    async def run(self, paths):
        """Visit these pages in turn, until cancelled."""
        await asyncio.gather(*(self._visit(person, itertools.cycle(paths)) for person in self.people))

    async def _visit(self, person, paths):
        for path in paths:
            began = time.monotonic()
            answer = await self._by_hand(person.get, path)
            self.made.append(Visit(began, time.monotonic(), answer.status))
            await asyncio.sleep(PAUSE)

    async def _by_hand(self, function, *arguments):
        return await asyncio.get_running_loop().run_in_executor(self.hands, function, *arguments)

    def by_fault(self, happened):
        """Return {name of a fault, "" before all: its Visits}."""
        found = {name: [] for name in ("", *(fault.name for fault in happened))}
        for visit in self.made:
            fault = during(visit, happened)
            found[fault.name if fault else ""].append(visit)
        return found


def during(visit, happened):
    """Return the first fault that a request lasted into, else the last one before it, or None."""
    met = (fault for fault in happened if fault.began <= visit.ended and fault.healthy >= visit.began)
    return next(met, None) or cause(happened, visit.began)


def unanswered(of, happened):
    """Return which page requests failed where none may, and faults in which none was made, in words.

    `of` are the Visits by fault. None may fail before the first fault, nor from the beginning of an unnoticed
    one to that of the next.
    """
    quiet = sorted({fault.name for fault in happened if fault.unnoticed})
    for name in ("", *quiet):
        when = name or "before any fault"
        failed = Counter(visit.status for visit in of[name] if visit.failed)
        if failed:
            words = ", ".join(
                f"{times} × {status or 'no answer'}" for status, times in sorted(failed.items())
            )
            yield f"{when}: {failed.total()} of {len(of[name])} page requests failed ({words})"
        if name and not of[name]:
            yield f"{when}: no page was asked for meanwhile"
