"""What is measured in which order: figures that share a turn are a sitting; those with targets come first."""

import subprocess
import time
from collections import Counter
from dataclasses import dataclass

from bench.shell import StackError

from . import figures, pages, report
from .systems import nginx_is_missing

FAILURES = 2  # of a system in a sitting, after which it is left out of it


@dataclass
class Sitting:
    """Some figures of one size; measure(bench, system, size, names) returns {figure: what was found}."""

    names: list
    size: int
    measure: object


class Run:
    """One run of `make bench`: what it stands on, and where it keeps what it finds."""

    def __init__(self, bench, systems, kept, rounds, sizes):
        self.bench, self.systems, self.kept, self.rounds, self.sizes = bench, systems, kept, rounds, sizes
        self.middle, self.number = middle(sizes), 0

    def measure(self, names):
        """Measure these figures, and keep each round as it comes; yield after each."""
        plan = self.plan()
        for sitting in plan:
            sitting.names = [name for name in sitting.names if name in names]
        plan = [sitting for sitting in plan if sitting.names]
        for place, sitting in enumerate(plan):
            later = {name for each in plan[place + 1 :] for name in each.names}
            for _ in self.pages() if sitting.names == ["http"] else self.sit(sitting):
                self.kept.save()
                yield
            self.kept.end([name for name in sitting.names if name not in later])
        self.kept.save()

    def plan(self):
        """Return all sittings."""
        most = max(self.sizes)
        crowd = ["connections", "fanout"] if most > self.middle else ["connections"]
        return [
            Sitting([*figures.SAID], self.middle, figures.one_room),
            Sitting(["rooms"], self.middle, figures.rooms),
            Sitting(crowd, most, self.crowd),
            Sitting(["slow"], self.middle, figures.slow),
            Sitting(["http"], 1, None),
            Sitting(["resume"], self.middle, figures.resume),
        ]

    def sit(self, sitting):
        """Let every system have its turn, one after the other, so many times; yield after each round."""
        self.bench.joined, failures = 0, Counter()
        for number in range(self.rounds):
            self.number = number
            for system in self.systems:
                asked = [name for name in sitting.names if self.says_something(system, name, sitting.size)]
                if asked and failures[system.key] < FAILURES:
                    failures[system.key] += not self.turn(sitting, system, asked)
            yield

    def says_something(self, system, name, size):
        """Tell whether this figure of so many clients is worth its time for that system."""
        beyond = system.most and size > max(system.most, self.middle)
        return name not in system.without and not (beyond and name == "fanout")

    def turn(self, sitting, system, asked):
        """Have one turn and keep what it finds; tell whether it went well."""
        began, where = time.monotonic(), f"{sitting.size} clients, {system.name}"
        try:
            found = sitting.measure(self.bench, system, sitting.size, asked)
        except (StackError, OSError, subprocess.SubprocessError) as error:
            words = f"failed: {', '.join(asked)}, {where}, round {self.number + 1}: {error}"
            self.kept.note(asked[0], words)
            say(words)
            return False
        for name in asked:
            label = ", ".join(map(str, self.sizes)) if name == "connections" else str(sitting.size)
            self.kept.add(name, label, system.key, found[name])
            say(f"round {self.number + 1}: {name}, {where}: {report.brief(found[name])}")
        if system.key == "partyline" and (said := found.get("fanout") or found.get("rooms")):
            self.bench.joined = max(1, round(said["in a frame"]))
        say(f"that turn took {time.monotonic() - began:.0f} s")
        return True

    def crowd(self, bench, system, most, names):
        """Connect as many as this system says something new with."""
        sizes = [size for size in self.sizes if size <= (system.most or most)] or self.sizes[:1]
        return figures.crowd(bench, system, sizes, names, idle=self.number == 0 and "connections" in names)

    def pages(self):
        """Measure pages and files, which none of the peers has, through nginx; yield after each round."""
        if why := nginx_is_missing():
            self.kept.note("http", f"Pages and files are not measured: {why}")
            return
        self.bench.manage("collectstatic", "--noinput")
        for number in range(self.rounds):
            for name, seconds in pages.measure(self.bench).items():
                self.kept.add("http", "requests", name, seconds)
                say(f"round {number + 1}: http: {name}: {seconds * 1000:.3f} ms of CPU")
            yield


def middle(sizes):
    return sorted(sizes)[len(sizes) // 2]


def say(words):
    print(f"bench: {words}", flush=True)
