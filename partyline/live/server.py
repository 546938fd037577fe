"""The ws server: Daphne, with a drain on SIGTERM and with back-pressure from clients that do not read."""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from functools import partial

from daphne.cli import CommandLineInterface
from daphne.management.commands.runserver import Command as Runserver
from daphne.server import Server, reactor
from django.conf import settings
from prometheus_client import REGISTRY
from twisted.internet.defer import maybeDeferred

from partyline import health
from partyline import metrics as port

from . import batches, metrics, notices, processes, raw, site, watching
from .inbox import Inbox
from .protocol import protocol_of

log = logging.getLogger(__name__)

HIGH_WATER = 262144  # bytes in a transport's buffer above which send() waits
GC_THRESHOLD = 10000, 10, 10  # objects; Python's own is 700
GOODBYE = 1012  # "service restart": autobahn refuses it from an application, so it goes below that


class DrainingServer(Server):
    """SIGTERM: unready, stop listening, `move`, wait, close, let every disconnect() run, exit 0."""

    draining = False

    def listen_success(self, port):
        """Remember what to stop listening on; nobody has connected yet."""
        super().listen_success(port)
        self.ws_factory.protocol = protocol_of(self.ws_factory)
        self.ports = [*getattr(self, "ports", ()), port]

    def run(self):
        """Serve until a drain ends; the signals are ours, not Twisted's."""
        if self.signal_handlers:
            self.signal_handlers = False
            loop = reactor._asyncioEventloop
            loop.add_signal_handler(signal.SIGTERM, self.on_signal)
            loop.add_signal_handler(signal.SIGINT, self.on_signal)
        self.tell()
        spare_the_collector()
        super().run()

    def tell(self):
        """Tell metrics, and other processes that this one is there; Django's apps are ready by now."""
        from .hub import hub

        REGISTRY.register(metrics.HubCollector(hub))
        port.serve()
        numbers, people = metrics.HubNumbers(hub), site.PeopleHere(hub)

        def describe():
            people.tell()
            return numbers() | {"watching": watching.here(hub), "draining": health.draining}

        processes.announce("ws", health.takes_work, describe, numbers.LINES)
        site.start_sampling()

    def on_signal(self):
        """Drain at the first signal, stop at the second."""
        if self.draining:
            log.warning("A second signal: stopping at once")
            self.stop()
            return
        self.draining = health.draining = True
        self.drain_task = asyncio.ensure_future(self.drain())

    async def drain(self):
        """Let the clients go to other processes, within WS_DRAIN_SECONDS."""
        from .hub import hub  # needs Django's apps, which this module must not wait for

        deadline = time.monotonic() + settings.WS_DRAIN_SECONDS
        applications = self.running_applications()
        metrics.DRAINS.inc()
        log.info("Draining %d connections within %g s", len(self.connections), settings.WS_DRAIN_SECONDS)
        try:
            await self.stop_listening()
            hub.move(within=round(settings.WS_DRAIN_SECONDS * 0.6, 3))
            await self.until(lambda: not self.open_sockets(), deadline)
            for protocol in self.open_sockets():
                if protocol.state == protocol.STATE_OPEN:
                    protocol.sendCloseFrame(code=GOODBYE, reasonUtf8=b"restart", isReply=False)
                else:
                    protocol.dropConnection(abort=True)
            await self.until(lambda: not self.running_applications(), time.monotonic() + 3)
            await asyncio.to_thread(batches.flush)
            ended = sum(each.done() and not each.cancelled() for each in applications)
            left, all = len(self.running_applications()), len(applications)
            log.info("Drained, %d applications left, %d of %d disconnects", left, ended, all)
        finally:
            self.stop()

    async def stop_listening(self):
        """Return when nobody can connect any more: who is asked to move must not come back to us."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(maybeDeferred(port.stopListening).asFuture(loop) for port in self.ports))

    def create_application(self, protocol, scope):
        """Give a WebSocket's application our inbox, and the extension `websocket.raw`."""
        if scope["type"] != "websocket":
            return super().create_application(protocol, scope)
        scope |= {"asgi": {"version": "3.0"}, "extensions": raw.offer(protocol)}
        inbox = Inbox(protocol.transport)
        application = self.application(scope, inbox.get, partial(self.handle_reply, protocol))
        self.connections[protocol]["application_instance"] = asyncio.ensure_future(application)
        return inbox

    def protocol_disconnected(self, protocol):
        """Let the socket's reader know at once; its application learns it behind what came before."""
        super().protocol_disconnected(protocol)
        if getattr(protocol, "raw", None):
            protocol.raw.lost()

    def open_sockets(self):
        """Return the WebSockets that are not gone yet."""
        items = self.connections.items()
        return [p for p, d in items if "disconnected" not in d and hasattr(p, "sendCloseFrame")]

    def running_applications(self):
        """Return the applications whose end has not come yet."""
        found = (d.get("application_instance") for d in self.connections.values())
        return [application for application in found if application and not application.done()]

    async def until(self, condition, deadline):
        """Wait until the condition holds or the deadline (monotonic seconds) has passed."""
        while not condition() and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    async def handle_reply(self, protocol, message):
        """Pass a message on, then wait while the client's buffer is full: Daphne itself never does."""
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send":
            while raw.owed(protocol.transport) > HIGH_WATER and not self.has_gone(protocol):
                await asyncio.sleep(0.05)
            if self.has_gone(protocol):
                raise ConnectionError("The client has gone.")  # nobody reads the log for it any more

    def has_gone(self, protocol):
        """Tell whether the connection has ended."""
        return "disconnected" in self.connections.get(protocol, {"disconnected": 0})


def spare_the_collector():
    """Let the garbage collector look at less, and less often: with many sockets it would be half of the work.

    A socket leaves no cycle behind (tests/live/test_soak.py); what else does is found all the same.
    """
    gc.collect()
    gc.freeze()  # what is loaded stays
    gc.set_threshold(*GC_THRESHOLD)


class Interface(CommandLineInterface):
    """Daphne's own command line, with our server."""

    server_class = DrainingServer


class RunCommand(Runserver):
    """Daphne's development server, with our server class; `manage.py run` adds the rest."""

    server_cls = DrainingServer

    def handle(self, *args, **options):
        """Send this process's notices on the server's loop, before anything sends the first one."""
        notices.use_loop(reactor._asyncioEventloop)
        super().handle(*args, **options)


def main(argv):
    """Serve partyline.routing:sockets and end the process; further arguments are Daphne's own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
    limit = str(settings.WS_MAX_FRAME * 4)  # above it the connection is cut; up to it `too_long` is answered
    options = [
        "--proxy-headers",
        "--no-server-name",
        "--verbosity=0",
    ]  # the log of access is nginx's to write
    # The time-out below the interval, or the next ping forgets the time-out of the one before.
    options += ["--ping-interval=25", "--ping-timeout=20"]
    options += [f"--websocket-max-message-size={limit}", f"--websocket-max-frame-size={limit}"]
    status = 0
    try:
        Interface().run([*options, *argv, "partyline.routing:sockets"])
    except SystemExit as end:
        status = end.code
    # A thread that waits for a hung database must not hold up the end: the interpreter would wait for it.
    batches.flush()
    processes.withdraw()
    logging.shutdown()
    sys.stdout.flush()
    os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
