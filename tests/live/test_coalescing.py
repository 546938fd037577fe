"""What arrives in one turn of the loop goes out in one write per socket, in order, and waits for no more."""

import asyncio

import pytest

from partyline.live import frames, metrics
from partyline.live.consumer import LiveConsumer
from partyline.live.fanout import Fanout
from partyline.live.tail import Tail


class Raw:
    """As much of the extension as a consumer uses: it keeps what is written, and takes all or nothing."""

    owed = 0

    def __init__(self, reads=True):
        self.writes, self.reads = [], reads

    def write(self, data):
        self.writes.append(data)
        self.owed += 0 if self.reads else len(data)
        return self.owed


def page(raw=None):
    consumer = LiveConsumer()
    consumer.raw = raw or Raw()
    return consumer


@pytest.fixture
def stream():
    def stream(*members, key="wall:1"):
        tail = Tail(key)
        tail.members.update(members)
        return tail

    return stream


async def test_it_works(stream):
    alice, bob, fanout = page(), page(), Fanout()
    tail = stream(alice, bob)
    for number in range(3):
        fanout.add(tail, f"{number}")
    assert not alice.raw.writes
    await asyncio.sleep(0)
    assert alice.raw.writes == bob.raw.writes == [frames.encode(["0", "1", "2"])]
    assert alice.raw.writes[0] is bob.raw.writes[0]  # encoded once


async def test_one_alone_is_no_array_and_waits_for_nothing(stream):
    alice, fanout = page(), Fanout()
    fanout.add(stream(alice), "{}")
    await asyncio.sleep(0)
    assert alice.raw.writes == [b"\x81\x02{}"]


async def test_who_reads_several_streams_gets_them_in_one_write(stream):
    alice, bob, carol, fanout = page(), page(), page(), Fanout()
    fanout.add(stream(alice, bob), "1")
    fanout.add(stream(bob, carol), "2")
    fanout.flush()
    assert [p.raw.writes for p in (alice, bob, carol)] == [
        [frames.encode(["1"])],
        [frames.encode(["1", "2"])],
        [frames.encode(["2"])],
    ]


async def test_what_is_for_one_alone_keeps_its_place(stream):
    alice, bob, fanout = page(), page(), Fanout()
    tail = stream(alice, bob)
    alice.push("resumed")
    fanout.add(tail, "1")
    fanout.flush()
    alice.push("done")
    await asyncio.sleep(0)
    assert alice.raw.writes == [frames.encode(["resumed", "1", "done"])]
    assert bob.raw.writes == [frames.encode(["1"])]


async def test_very_much_goes_in_pieces(stream):
    alice, fanout = page(), Fanout()
    tail = stream(alice)
    texts = [str(number) * 20000 for number in range(10)]
    for text in texts:
        fanout.add(tail, text)
    await asyncio.sleep(0)
    assert len(alice.raw.writes) == 3
    assert all(len(data) < frames.BATCH_BYTES + 20100 for data in alice.raw.writes)
    assert b"".join(alice.raw.writes) == b"".join(frames.encode(texts[n : n + 4]) for n in (0, 4, 8))


async def test_a_burst_of_notices_lets_the_sockets_have_their_turn(hub, stream):
    """The channel layer has them all already, so that receiving waits for nothing."""
    alice, turns = page(), []
    tail = stream(alice)

    class Layer:
        async def receive(self, channel):
            return {"type": "much"}

    hub._on_much = lambda notice: hub._deliver(tail, "x" * 30000)
    hub.layer, hub.channel = Layer(), "channel"
    asyncio.get_running_loop().call_soon(lambda: turns.append(len(alice.raw.writes)))
    for _ in range(10):
        await hub._receive()
    assert turns == [1]


async def test_what_waits_for_the_flush_is_called_behind_it(stream):
    alice, fanout, called = page(), Fanout(), []
    fanout.add(stream(alice), "1")
    fanout.then(lambda: called.append(len(alice.raw.writes)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert called == [1]


async def test_who_has_left_meanwhile_gets_nothing(stream):
    alice, bob, fanout = page(), page(), Fanout()
    tail = stream(alice, bob)
    fanout.add(tail, "1")
    tail.members.discard(bob)
    await asyncio.sleep(0)
    assert alice.raw.writes and not bob.raw.writes


async def test_one_that_fails_is_closed_and_the_others_go_on(stream):
    alice, bob, carol, fanout = page(), page(), page(), Fanout()
    bob.raw.write = None  # not callable
    fanout.add(stream(alice, bob, carol), "1")
    fanout.flush()
    assert alice.raw.writes and carol.raw.writes
    assert await closed(bob) == [{"type": "websocket.close", "code": 1000}]


async def test_each_frame_for_each_socket_counts_as_one_delivery(stream):
    before, fanout = metrics.DELIVERIES._value.get(), Fanout()
    tail = stream(page(), page())
    fanout.add(tail, "1")
    fanout.add(tail, "2")
    fanout.flush()
    assert metrics.DELIVERIES._value.get() == before + 4


# A reader that does not read


async def closed(consumer):
    sent = []

    async def send(message):
        sent.append(message)

    consumer.base_send = send
    await consumer.cut
    return sent


async def test_over_the_limit_it_is_cut_and_the_others_are_not(stream, settings):
    settings.WS_MAX_OWED = 1000
    fast, slow, fanout = page(), page(Raw(reads=False)), Fanout()
    tail = stream(fast, slow)
    for _ in range(20):
        fanout.add(tail, "x" * 100)
        fanout.flush()
    assert await closed(slow) == [{"type": "websocket.close", "code": 1000}]
    assert slow.dead and not fast.dead and not fast.cut
    assert len(slow.raw.writes) == 10 and len(fast.raw.writes) == 20
    assert slow.owed_bytes < 1000 + 200


async def test_a_catch_up_waits_for_it_instead(settings):
    settings.WS_MAX_OWED = 1000
    slow = page(Raw(reads=False))
    for _ in range(6):
        slow.push("x" * 100)
    waiting = asyncio.create_task(slow.drained())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done() and slow.is_behind and not slow.cut
    slow.raw.owed = 0
    slow.on_drained()
    await waiting


async def test_one_whose_connection_is_gone_is_dead(stream):
    gone, fanout = page(), Fanout()
    gone.raw.write = lambda data: -1
    waiting = asyncio.create_task(gone.drained())
    fanout.add(stream(gone), "1")
    fanout.flush()
    assert gone.dead
    await waiting
