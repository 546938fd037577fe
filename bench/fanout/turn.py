"""One turn: a system, freshly started, with the load on it."""

import json
import os
import select
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.lab import cpu
from bench.shell import StackError

from .programs import Programs

LIMIT = 180  # seconds that one answer of the load may take
SETTLE = 1  # seconds of rest after connecting
TRIES = 10  # until every client hears what is said


class Turn:
    """Used with `with`: `served` is the system, and the methods are what the load can do with it."""

    def __init__(self, bench, system, clients, rooms=1, cursor=None):
        self.bench, self.system = bench, system
        self.clients, self.rooms, self.cursor = clients, rooms, cursor
        self.stack = ExitStack()

    def __enter__(self):
        with self.stack:
            folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=self.bench.folder)))
            programs = Programs(folder, self.bench.cores, self.bench.environment)
            self.programs = self.stack.enter_context(programs)
            self.bench.forget()
            self.served = self.system.start(self.bench, programs)
            self._start_load(folder)
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _start_load(self, folder):
        """Start load.c with so many clients in its file, and a pipe from it to the publisher."""
        served, file = self.served, folder / "clients"
        lines = []
        for number in range(self.clients):
            room = number % self.rooms
            lines.append("\t".join((str(room), *served.client(number, room, self.cursor))))
        file.write_text("\n".join(lines) + "\n")
        publisher_reads, load_writes = os.pipe()
        self.taken = folder / "publisher"
        with open(self.taken, "w") as told:
            options = {"stdin": publisher_reads, "stdout": told, "env": served.publisher_env}
            self.publisher = self.programs.start(*served.publisher, **options)
        os.close(publisher_reads)
        command = [self.bench.compiled / "load", served.port, file, served.ready, served.ping, served.pong]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "pass_fds": [load_writes]}
        self.load = self.programs.start(*command, load_writes, **pipes)
        os.close(load_writes)

    def ask(self, *words):
        """Give the load a command and return its answer."""
        os.write(self.load.stdin.fileno(), f"{' '.join(map(str, words))}\n".encode())
        deadline, line, answers = time.monotonic() + LIMIT, b"", self.load.stdout
        while not line.endswith(b"\n"):
            self.programs.check()
            if time.monotonic() > deadline:
                raise StackError(f"{self.system.name}: no answer to {words} within {LIMIT} s")
            if select.select([answers], [], [], 0.5)[0]:
                line += os.read(answers.fileno(), 1 << 20)
        return json.loads(line)

    def connect(self, first, last, at_once=50, mute=False):
        """Open clients first … last - 1 and return how that went; raises StackError unless all are live."""
        found = self.ask("connect", first, last, at_once, LIMIT / 2, int(mute))
        if found["live"] != last - first:
            raise StackError(
                f"{self.system.name}: {found['live']} of {last - first} are live\n{self.programs.said()}"
            )
        return found

    def publish(self, size, *, lines=1, rate=0, seconds):
        """Publish so long: `rate` times a second, or else so that so many lines are under way."""
        return self.ask("publish", self.rooms, size, lines, rate, seconds)

    def warm_up(self):
        """Rest, then publish until every client hears it."""
        self.ask("hold", SETTLE)
        for _ in range(TRIES):
            found = self.publish(200, rate=max(4, self.rooms * 2), seconds=0.5)
            if found["deliveries"] == found["expected"]:
                return
        raise StackError(f"{self.system.name}: not every client hears what is said\n{self.programs.said()}")

    def used(self):
        """Return {who: CPU seconds so far} of everybody concerned."""
        groups = {
            "server": self.served.pids,
            "nginx": self.served.front,
            "stores": self.bench.stores.pids,
            "publisher": [self.publisher.pid],
            "load": [self.load.pid],
        }
        return {name: cpu.seconds(*pids) for name, pids in groups.items()}

    def memory(self):
        """Return {who: bytes} of those that serve."""
        return {"server": cpu.memory(*self.served.pids), "nginx": cpu.memory(*self.served.front)}

    def publishing(self):
        """End the load, and return the seconds that each publishing took, where the publisher tells."""
        self.load.stdin.close()
        self.load.wait(10)
        self.publisher.wait(20)
        return json.loads(self.taken.read_text() or "[]")
