"""Clients that never read cost no system call for each line, and no more memory than their limit."""

import asyncio
import tracemalloc

import pytest

from partyline.live import frames
from partyline.live.consumer import LiveConsumer

from .test_raw_writes import Protocol, Wire

LIMIT = 1_000_000
LINES = [frames.Batch([f'"{number} {"x" * 20_000}"']) for number in range(100)]


class Reader:
    """A consumer on a connection of its own, with the calls of its kernel's send()."""

    def __init__(self):
        self.wire, self.calls, self.sent, self.most = Wire(Protocol()).offer(), 0, [], 0
        self.consumer = LiveConsumer()
        self.consumer.raw, self.consumer.base_send = self.wire.raw, self.base_send
        self.wire.raw.reader, self.wire.raw.send = self.consumer, self.count(self.wire.raw.send)

    async def base_send(self, message):
        self.sent.append(message)

    def count(self, send):
        def counted(data):
            self.calls += 1
            return send(data)

        return counted

    def deliver(self, line):
        self.consumer.deliver(line)
        self.most = max(self.most, self.consumer.owed_bytes)


@pytest.fixture
def readers(settings):
    """One that reads, and twenty that do not."""
    settings.WS_MAX_OWED = LIMIT
    found = [Reader() for _ in range(21)]
    yield found[0], found[1:]
    for reader in found:
        reader.wire.close()


async def test_who_reads_gets_all_and_who_does_not_is_cut(readers):
    fast, slow = readers
    got = b""
    for line in LINES:
        for reader in [fast, *slow]:
            reader.deliver(line)
        got += fast.wire.read_all(len(line.data))
    await asyncio.sleep(0)
    assert got == b"".join(line.data for line in LINES) and not fast.sent
    assert [reader.sent for reader in slow] == [[{"type": "websocket.close", "code": 1000}]] * 20


async def test_a_line_costs_no_system_call_for_who_does_not_read(readers):
    _, slow = readers
    for line in LINES:
        for reader in slow:
            reader.deliver(line)
    assert max(reader.calls for reader in slow) < 10  # of 100: those until the kernel's buffer is full


async def test_none_is_owed_more_than_the_limit_and_a_tenth(readers):
    _, slow = readers
    for line in LINES:
        for reader in slow:
            reader.deliver(line)
    assert all(LIMIT < reader.most < LIMIT * 1.1 for reader in slow)


async def test_twenty_take_hardly_more_memory_than_one(readers):
    """What they are owed are the same bytes: they wait for the same lines."""
    _, slow = readers
    tracemalloc.start()
    try:
        for number in range(40):  # less than the limit
            line = frames.Batch([f'"{number} {"x" * 20_000}"'])
            for reader in slow:
                reader.deliver(line)
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(reader.consumer.owed_bytes > LIMIT / 2 for reader in slow)
    assert grown < LIMIT * 2
