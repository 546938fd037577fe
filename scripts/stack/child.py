"""One supervised process: begun, its output copied into the log, begun again when it dies, ended."""

import asyncio
import contextlib
import logging
import os
import signal

from common import ROOT
from process import birth, kill_left_over

START_SECONDS = 60
LINE_BYTES = 1 << 20
BACKOFF = (0.2, 0.5, 1, 2, 5, 10)  # seconds before the next try; a life of a minute starts anew


class NotHealthy(Exception):
    """A process that did not come up: `name` says which."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


class Child:
    """A part of the stack as a process of its own session, so that its workers are found with it."""

    def __init__(self, part, changed):
        self.part, self.name, self.changed = part, part.name, changed
        self.log = logging.getLogger(part.name)
        self.process = self.born = self.task = None
        self.starts, self.ending, self.keep_alive = 0, False, False

    def state(self):
        """Return what the state file keeps."""
        pid = self.process.pid if self.process and self.process.returncode is None else None
        return {"pid": pid, "born": self.born, "restarts": max(0, self.starts - 1)}

    def begin(self):
        """Start it, and keep it until `end()`."""
        self.task = asyncio.create_task(self.live())

    async def spawn(self):
        """Start the process once."""
        for path in self.part.stale:
            path.unlink(missing_ok=True)
        # A pipe of our own: with asyncio's, wait() lasts until the last worker of a dead leader has closed it
        # (python/cpython#119710).
        reading, writing = os.pipe()
        self.copying = asyncio.create_task(self.copy(os.fdopen(reading)))
        try:
            self.process = await asyncio.create_subprocess_exec(
                *map(str, self.part.command),
                cwd=ROOT,
                env=self.part.env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self.born = birth(self.process.pid)
        self.starts += 1
        self.changed()

    async def live(self):
        """Be there: one life after another while `keep_alive`, with a growing pause after short ones."""
        clock, deaths = asyncio.get_running_loop().time, 0
        while True:
            began = clock()
            try:
                await self.spawn()
                end = ended(await self.process.wait())
                kill_left_over(self.process.pid, ROOT)
            except OSError as error:
                if not self.keep_alive:
                    raise
                end = str(error)
            self.changed()
            if self.ending or not self.keep_alive:
                return
            deaths = 0 if clock() - began > 60 else deaths
            pause = BACKOFF[min(deaths, len(BACKOFF) - 1)]
            deaths += 1
            self.log.info("supervisor: %s, starting it again in %s s", end, pause)
            await asyncio.sleep(pause)

    async def copy(self, pipe):
        """Copy output into the log, line by line."""
        stream = asyncio.StreamReader(limit=LINE_BYTES)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                continue  # longer than LINE_BYTES: asyncio has dropped it
            if not line:
                return
            self.log.info("%s", line.decode(errors="replace").rstrip())

    async def healthy(self):
        """Wait until the part's probe says yes; raises NotHealthy where it died first or took too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while not await asyncio.to_thread(self.part.probe):
            if self.task.done():
                if self.task.exception():
                    raise NotHealthy(self.name, f"{self.name} could not be started: {self.task.exception()}")
                await asyncio.wait({self.copying}, timeout=2)  # its last words
                raise NotHealthy(self.name, f"{self.name} did not come up: {ended(self.process.returncode)}")
            if loop.time() > deadline:
                raise NotHealthy(self.name, f"{self.name} did not become healthy in {START_SECONDS} s")
            await asyncio.sleep(0.1)

    def keep(self):
        """From here on start it again when it dies; raises NotHealthy where it has died already."""
        if self.task.done():
            raise NotHealthy(self.name, f"{self.name} did not stay up: {ended(self.process.returncode)}")
        self.keep_alive = True

    async def run_once(self):
        """Run it to its end; raises NotHealthy where that is not status 0."""
        await self.spawn()
        try:
            code = await self.process.wait()
        except asyncio.CancelledError:
            self.send(signal.SIGTERM)
            await self.process.wait()
            raise
        await asyncio.wait({self.copying}, timeout=2)
        if code:
            raise NotHealthy(self.name, f"{self.name} failed: {ended(code)}")

    def send(self, number):
        """Send a signal, if it lives."""
        if self.process and self.process.returncode is None:
            self.process.send_signal(number)

    def shut_door(self):
        """Put an empty file in its socket's place: nginx goes elsewhere, who has come already is served.

        Returns whether it has one.
        """
        door = self.part.door
        if door:
            nothing = door.with_suffix(".shut")
            nothing.touch()
            nothing.replace(door)
        return bool(door)

    async def end(self):
        """Stop it in its own graceful way, and after its patience with all of its children."""
        self.ending = True
        self.send(self.part.stop)
        if self.process and self.process.returncode is None:
            try:
                await asyncio.wait_for(self.process.wait(), self.part.patience)
            except TimeoutError:
                self.log.info("supervisor: did not stop in %s s, killing it", self.part.patience)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                await self.process.wait()
            kill_left_over(self.process.pid, ROOT)
        self.task.cancel()  # it may be asleep before another life
        await asyncio.gather(self.task, return_exceptions=True)


def ended(code):
    """Say an exit code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
