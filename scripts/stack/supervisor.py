"""Run the stack's processes on this machine: start them in order, keep them alive, scale ws, stop gracefully.

Started by native.py, which hands over the lock's file descriptor; its state is var/run/state.json, its
orders come over a socket (scale, roll) and as SIGTERM (stop).
"""

import asyncio
import contextlib
import json
import logging
import logging.handlers
import os
import signal
import sys

import parts
from child import Child, NotHealthy
from common import ROOT, given, read_env_file
from paths import Paths
from process import birth

LOG_BYTES, LOG_KEPT = 10_000_000, 3
LAST_COME = 0.5  # seconds for a process to take those who came before its door was shut


class Supervisor:
    """The running stack: its children by name, and the phase that native.py waits for."""

    def __init__(self, paths, ws):
        self.paths, self.wanted_ws = paths, ws
        self.children = {}
        self.phase, self.error, self.culprit = "starting", "", ""
        self.changing = asyncio.Lock()

    def record(self):
        """Write the state, at once or not at all: it is what a later `make down` trusts."""
        state = {
            "supervisor": [os.getpid(), birth(os.getpid())],
            "phase": self.phase,
            "error": self.error,
            "culprit": self.culprit,
            "control": str(self.paths.control),
            "children": {name: child.state() for name, child in self.children.items()},
        }
        fresh = self.paths.state.with_suffix(".new")
        fresh.write_text(json.dumps(state, indent=1))
        fresh.replace(self.paths.state)

    def begin(self, part):
        """Start one part of the stack without waiting for its health."""
        child = self.children[part.name] = Child(part, self.record)
        child.begin()
        return child

    async def start(self):
        """Start everything in order; raises NotHealthy for the first that does not come up."""
        # 1. Redis, then the two that must have ended before anybody serves.
        if redis := parts.redis(self.paths):
            await self.begin(redis).healthy()
        for part in parts.before(self.paths):
            await Child(part, self.record).run_once()
        # 2. What serves: begun together, waited for one by one.
        ws = [parts.ws(self.paths, f"ws-{n + 1}") for n in range(self.wanted_ws)]
        for child in [self.begin(part) for part in [parts.web(self.paths), *ws, parts.worker(self.paths)]]:
            await child.healthy()
        # 3. The door last.
        self.write_upstreams(self.ws_names())
        await self.begin(parts.nginx(self.paths)).healthy()
        for child in self.children.values():
            child.keep()
        self.phase = "up"
        self.record()

    def ws_names(self):
        """Return the ws children's names, in the order of their numbers."""
        return sorted((n for n in self.children if n.startswith("ws-")), key=lambda n: int(n[3:]))

    def write_upstreams(self, ws_names):
        """Write the file that names the sockets behind nginx."""
        self.paths.upstreams.write_text(parts.upstreams(self.paths, ws_names))

    async def scale(self, count):
        """Make it `count` ws processes: new ones serve before nginx knows them, surplus ones drain after."""
        async with self.changing:
            names = [f"ws-{n + 1}" for n in range(count)]
            fresh = [self.begin(parts.ws(self.paths, name)) for name in names if name not in self.children]
            try:
                for child in fresh:
                    await child.healthy()
                    child.keep()
            except NotHealthy:
                await self.end(*(child.name for child in fresh))
                raise
            self.write_upstreams(names)
            self.children["nginx"].send(signal.SIGHUP)
            await self.end(*(name for name in self.ws_names() if name not in names))

    async def roll(self, service):
        """Replace the processes of a service, one after the other, while the site serves."""
        async with self.changing:
            os.environ.update(read_env_file(given()))  # what the last `make up` was given; .env is read anew
            if service not in ("ws", "web"):
                await self.renew(service)
                return
            # 1. One more, which shows what the others would become, and serves when nobody else does.
            spare = parts.spare(service)
            if spare not in self.children:
                try:
                    child = self.begin(parts.named(self.paths, spare))
                    await child.healthy()
                    child.keep()
                except NotHealthy:
                    await self.end(spare)
                    raise
            # 2. The others, each in its old place. If that fails, the spare one stays.
            for name in [n for n in (self.ws_names() if service == "ws" else ["web"]) if n != spare]:
                await self.renew(name)
            # 3. Nobody needs it any more.
            await self.leave(spare)

    async def leave(self, name):
        """Stop one child so that those who come find another one."""
        if self.children[name].shut_door():
            await asyncio.sleep(LAST_COME)
        await self.end(name)

    async def renew(self, name):
        """Stop one child and start it anew; from then on it is kept alive, even if it is not healthy yet."""
        await self.leave(name)
        child = self.begin(parts.named(self.paths, name))
        child.keep_alive = True
        await child.healthy()

    async def end(self, *names):
        """Stop these children, side by side, and forget them."""
        await asyncio.gather(*(self.children[name].end() for name in names if name in self.children))
        for name in names:
            self.children.pop(name, None)
        self.record()

    async def stop(self):
        """Stop in the order in which nothing is lost: door and sockets, then work in hand, then Redis."""
        if self.phase != "failed":
            self.phase = "stopping"
            self.record()
        await self.end("nginx", *self.ws_names())
        await self.end("web", "worker")
        await self.end("redis")

    async def order(self, reader, writer):
        """Obey one line from the control socket; the answer is one line of JSON."""
        answer = {"ok": True}
        try:
            verb, _, what = (await reader.readline()).decode().strip().partition(" ")
            if verb not in ("scale", "roll") or self.phase != "up":
                raise NotHealthy("", f"cannot {verb} while {self.phase}")
            await (self.scale(int(what)) if verb == "scale" else self.roll(what))
        except NotHealthy as error:
            answer = {"ok": False, "error": str(error), "culprit": error.name}
        writer.write(json.dumps(answer).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    async def run(self):
        """Live until SIGTERM or SIGINT; returns the exit status."""
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        self.paths.control.unlink(missing_ok=True)
        control = await asyncio.start_unix_server(self.order, self.paths.control)
        starting = asyncio.create_task(self.start())
        stopping = asyncio.create_task(told.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if starting.done():
                await starting
                await stopping
            else:
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
        except NotHealthy as error:
            self.phase, self.error, self.culprit = "failed", str(error), error.name
        except Exception as error:  # whatever it is, nothing may be left running
            logging.getLogger("stack").exception("The supervisor failed")
            self.phase, self.error, self.culprit = "failed", f"The supervisor failed: {error}", "stack"
        control.close()
        await self.stop()
        self.paths.control.unlink(missing_ok=True)
        if self.phase == "failed":
            self.record()
            return 1
        self.paths.state.unlink()
        return 0


def main():
    """Run with the number of ws processes as the only argument."""
    paths = Paths()
    handler = logging.handlers.RotatingFileHandler(paths.log, maxBytes=LOG_BYTES, backupCount=LOG_KEPT)
    handler.setFormatter(logging.Formatter("%(name)-7s | %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    os.chdir(ROOT)
    return asyncio.run(Supervisor(paths, int(sys.argv[1])).run())


if __name__ == "__main__":
    sys.exit(main())
