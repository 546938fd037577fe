"""What a socket is owed is bounded: over the limit it is cut, and its client resumes later."""

import asyncio

from partyline.live.consumer import LiveConsumer


async def connected(send):
    consumer = LiveConsumer()
    consumer.base_send = send
    return consumer


async def test_frames_that_wait_go_out_together_and_in_order():
    sent, go = [], asyncio.Event()

    async def send(message):
        sent.append(message["text"])
        await go.wait()

    consumer = await connected(send)
    consumer.push("1")
    await asyncio.sleep(0)
    for number in range(2, 6):
        consumer.push(str(number))
    go.set()
    await consumer.writer
    assert sent == ["1", "[2,3,4,5]"] and consumer.owed_bytes == 0


async def test_over_the_limit_it_is_cut_and_nothing_is_kept(settings):
    settings.WS_MAX_OWED = 1000
    sent, never = [], asyncio.Event()

    async def send(message):
        sent.append(message)
        if message["type"] == "websocket.send":
            await never.wait()

    consumer = await connected(send)
    for _ in range(20):
        consumer.push("x" * 100)
    while len(sent) < 2:
        await asyncio.sleep(0)
    assert sent[-1] == {"type": "websocket.close", "code": 1000}
    assert consumer.dead and not consumer.owed


async def test_a_catch_up_waits_instead_of_being_cut(settings):
    settings.WS_MAX_OWED = 1000
    go = asyncio.Event()

    async def send(message):
        await go.wait()

    consumer = await connected(send)
    for _ in range(6):
        consumer.push("x" * 100)
    waiting = asyncio.create_task(consumer.drained())
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    await waiting
    assert not consumer.dead
