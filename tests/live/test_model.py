"""Whatever happens to writers, notices, processes and pages, in any order: all pages end up showing the same.

A state machine of hypothesis. The log and the hub are the real ones; the network is a list from which notices
are delivered in any order, twice or never, and every answer of the database reaches the hub only when the
machine lets it, so that anything may happen between a read and its use.
"""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from partyline.live import log, notices, pool
from partyline.live.hub import Hub
from partyline.live.models import Stream
from partyline.live.trim import trim

KEY = "wall:open"
some = st.integers(0, 1000)  # picks one of a list, whatever its length


class Page:
    """A page: what it shows, its cursor, and a socket to a hub; the rules of docs/protocol.md."""

    person, session, is_behind = SimpleNamespace(pk=None), "", False

    def __init__(self, machine):
        self.machine, self.inbox, self.dead, self.streams = machine, [], True, {KEY}
        self.load()

    def load(self):
        """Render the page: the position before the rows."""
        self.epoch, self.seq = log.position(KEY)
        self.shown = dict(self.machine.things)

    def push(self, frame):
        self.inbox.append(json.loads(frame))

    def deliver(self, batch):
        self.inbox += map(json.loads, batch.frames)

    async def drained(self):
        """It always reads."""

    def connect(self):
        self.inbox.clear()
        self.dead = False
        self.ask()

    def ask(self):
        hub = self.machine.hub
        self.machine.loop.call_soon(lambda: hub.spawn(hub.join(KEY, self, self.epoch, self.seq)))

    def read(self, count):
        """Take so many of the frames that have arrived."""
        for frame in self.inbox[:count]:
            self.inbox.pop(0)
            if "reset" in frame:
                self.load()
                return self.connect()
            if "resumed" in frame:
                assert frame["resumed"]["epoch"] == self.epoch
                assert frame["resumed"]["head"] <= self.seq, "said to be all, and is not"
            elif frame["seq"] == self.seq + 1:
                self.seq += 1
                self.apply(frame["html"])
            elif frame["seq"] > self.seq:
                return self.ask()

    def apply(self, html):
        what, thing, text = json.loads(html) if html else ("nothing", 0, "")
        if what == "add" or what == "set" and thing in self.shown:
            self.shown[thing] = text
        elif what == "remove":
            self.shown.pop(thing, None)


class Machine(RuleBasedStateMachine):
    """One stream, its writers, one ws process after the other, and pages."""

    def __init__(self):
        super().__init__()
        Stream.objects.all().delete()
        self.things, self.count = {}, 0  # what is committed: thing → text, in order
        self.wire, self.reads, self.reading = [], [], 0
        self.loop, self.threads = asyncio.new_event_loop(), ThreadPoolExecutor(1)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(pool, "run", self.ask_database)
        self.patch.setattr(pool, "run_store", self.ask_store)
        self.patch.setattr(notices, "entry", lambda *notice: self.wire.append(notice))
        self.hub, self.pages = Hub(), []

    # The world around the hub

    async def ask_database(self, function, *args):
        self.reading += 1
        found = await self.loop.run_in_executor(self.threads, function, *args)
        self.reading -= 1
        gate = self.loop.create_future()
        self.reads.append(gate)
        await gate
        return found

    async def ask_store(self, function, *args):
        return ()

    def run(self, coroutine=None):
        """Let the loop run until it can do nothing more by itself."""

        async def settle():
            task = coroutine and asyncio.ensure_future(coroutine)
            quiet = 0
            while quiet < 5:
                await asyncio.sleep(0.001 if self.reading else 0)
                quiet = 0 if self.reading else quiet + 1
            return task

        return self.loop.run_until_complete(settle())

    # Writers

    def publish(self, what, thing, text, commit=True):
        html = json.dumps([what, thing, text])
        try:
            with transaction.atomic():
                if what == "add":
                    log.publish(KEY, html, thing=str(thing))
                else:
                    anew = json.dumps(["add", thing, text]) if what == "set" else ""
                    log.amend(KEY, str(thing), html, anew=anew)
                if not commit:
                    raise InterruptedError
        except InterruptedError:
            return
        if what == "remove":
            del self.things[thing]
        else:
            self.things[thing] = text

    @rule(commit=st.sampled_from([True, True, True, False]))
    def say(self, commit):
        self.count += 1
        self.publish("add", self.count, f"text {self.count}", commit)

    @rule(which=some, commit=st.booleans())
    def edit(self, which, commit):
        if self.things:
            self.count += 1
            self.publish("set", list(self.things)[which % len(self.things)], f"text {self.count}", commit)

    @rule(which=some)
    def remove(self, which):
        if self.things:
            self.publish("remove", list(self.things)[which % len(self.things)], "")

    @rule()
    def let_old_entries_go(self):
        trim()

    @rule()
    def lose_the_numbering(self):
        """A backup is restored: the stream begins anew."""
        log.drop(KEY)

    # The network

    @rule(which=some, again=st.booleans())
    def deliver(self, which, again):
        if self.wire:
            which %= len(self.wire)
            key, epoch, kept = self.wire[which] if again else self.wire.pop(which)
            self.loop.call_soon(self.hub._on_entry, {"key": key, "epoch": epoch, **kept._asdict()})
            self.run()

    @rule(which=some)
    def lose(self, which):
        if self.wire:
            self.wire.pop(which % len(self.wire))

    @rule(which=some)
    def let_a_read_arrive(self, which):
        waiting = [gate for gate in self.reads if not gate.done()]
        if waiting:
            waiting[which % len(waiting)].set_result(None)
            self.run()

    @rule()
    def check_heads(self):
        self.run(self.hub._look_at(list(self.hub.tails)))

    # Processes and pages

    @rule()
    def kill_the_process(self):
        for page in self.pages:
            page.dead = True
        self.hub = Hub()

    @rule()
    def open_a_page(self):
        if len(self.pages) < 4:
            self.pages.append(Page(self))

    @rule(which=some)
    def connect(self, which):
        away = [page for page in self.pages if page.dead]
        if away:
            away[which % len(away)].connect()
            self.run()

    @rule(which=some, epoch=st.booleans(), seq=st.integers(-3, 30))
    def connect_with_a_strange_cursor(self, which, epoch, seq):
        away = [page for page in self.pages if page.dead]
        if away:
            page = away[which % len(away)]
            stranger = Page(self)
            stranger.epoch = stranger.epoch if epoch else "0123456789abcdef"
            stranger.seq = max(0, stranger.seq + seq)
            self.pages[self.pages.index(page)] = stranger
            stranger.connect()
            self.run()
            if epoch and seq > 0:  # once there are so many entries, nobody can tell that it lied
                self.let_everything_arrive()
                stranger.read(len(stranger.inbox))
                self.run()

    @rule(which=some, count=st.integers(1, 5))
    def read(self, which, count):
        if self.pages:
            self.pages[which % len(self.pages)].read(count)
            self.run()

    @invariant()
    def memory_holds_no_hole(self):
        for tail in self.hub.tails.values():
            seqs = [entry.seq for entry in tail.entries]
            assert not seqs or seqs == list(range(seqs[0], tail.head + 1))

    @invariant()
    def memory_tells_nothing_that_it_knows_to_be_gone(self):
        """Whatever an amendment in the tail changed, no earlier entry of that tail tells."""
        for tail in self.hub.tails.values():
            changed = {}
            for entry in reversed(tail.entries):
                html = json.loads(entry.frame)["html"]
                if entry.thing in changed and html:
                    assert html in changed[entry.thing], "what it was before"
                if entry.amends and entry.thing not in changed:
                    what, thing, text = json.loads(html) if html else ("remove", entry.thing, "")
                    changed[entry.thing] = [json.dumps(["add", thing, text])] if what == "set" else []

    def teardown(self):
        """In the end all is quiet: no notice comes any more, reads do, and the heads check goes on."""
        try:
            latecomer = Page(self)
            latecomer.seq = max(0, log.heads([KEY])[KEY][2] - 1)
            latecomer.shown, self.pages = {}, [*self.pages, latecomer]
            self.come_to_rest()
            heard = [json.dumps(frame) for frame in self.heard]
            for page in self.pages[:-1]:
                assert page.shown == self.things and list(page.shown) == list(self.things)
            gone = {f'"text {n}\\' for n in range(1, self.count + 1)} - {
                f'"{text}\\' for text in self.things.values()
            }
            assert not [text for text in gone if any(text in frame for frame in heard)], "it was removed"
        finally:
            self.patch.undo()
            self.threads.submit(lambda: connection.close()).result()  # that thread's own
            self.threads.shutdown()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.run()
            self.loop.close()

    def come_to_rest(self):
        latecomer = self.pages[-1]
        self.wire.clear()
        for _ in range(3):  # a tail is read, found to be behind, and filled
            self.let_everything_arrive()
        for page in self.pages:
            if page.dead:
                page.connect()
        self.heard = []
        for _ in range(6):
            self.let_everything_arrive()
            self.heard += latecomer.inbox
            for page in self.pages:
                while page.inbox:
                    page.read(len(page.inbox))

    def let_everything_arrive(self):
        self.check_heads()
        while any(not gate.done() for gate in self.reads):
            for gate in [gate for gate in self.reads if not gate.done()]:
                gate.set_result(None)
            self.run()


@pytest.mark.parametrize("memory", [200, 4])
def test_all_pages_agree_in_the_end(transactional_db, settings_of_streams, monkeypatch, memory):
    monkeypatch.setattr("partyline.live.tail.KEEP_ENTRIES", memory)
    monkeypatch.setattr("partyline.live.holes.KEEP_ENTRIES", memory)
    monkeypatch.setattr("partyline.live.hub.PIECE", 3)
    monkeypatch.setattr("partyline.live.holes.PIECE", 3)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings_of_streams(settings):
    settings.STREAM_KEEP_ENTRIES = 12
