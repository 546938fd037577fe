"""A ws process that holds more than its part asks some sockets to move: a new one gets load."""

import asyncio

import pytest

from partyline.live import processes, rounds
from partyline.live.processes import Process


class Socket:
    """As much of a socket as is moved."""

    def __init__(self):
        self.asked_to_move, self.frames = float("-inf"), []

    def push(self, frame):
        self.frames.append(frame)


@pytest.fixture
def others(monkeypatch, settings):
    """Return the list of other ws processes' numbers of sockets, for the test to fill."""
    found = []
    settings.WS_BALANCE_SECONDS = 0.01

    def known(service=""):
        own = Process("ws", processes.own_name(), 1, True, {"sockets": 10_000})
        return [own, *(Process("ws", f"other/{n}", 1, *each) for n, each in enumerate(found))]

    monkeypatch.setattr(processes, "processes", known)
    return found


async def balanced(hub, count):
    """Return the sockets of `count` that were asked to move in one round."""
    hub.sockets = {Socket() for _ in range(count)}
    await rounds.balance(hub)
    return [socket for socket in hub.sockets if socket.frames]


async def test_it_works(hub, others):
    others += [(True, {"sockets": 0})]
    moved = await balanced(hub, 100)
    assert len(moved) == 50 and moved[0].frames == ['{"move":{"within":10.0}}']


async def test_nobody_is_asked_twice_in_a_row(hub, others):
    others += [(True, {"sockets": 0})]
    moved = await balanced(hub, 100)
    await rounds.balance(hub)
    again = [socket for socket in hub.sockets if len(socket.frames) > 1]
    assert not again and set(moved) < {socket for socket in hub.sockets if socket.frames}


async def test_one_that_goes_or_is_not_ready_gets_nobody(hub, others):
    others += [(False, {"sockets": 0})]
    assert not await balanced(hub, 100)


async def test_alone_it_keeps_all(hub, others):
    assert not await balanced(hub, 100)


async def test_it_may_be_turned_off(hub, others, settings):
    settings.WS_BALANCE_SECONDS = 0.0
    others += [(True, {"sockets": 0})]
    hub.sockets = {Socket() for _ in range(100)}
    job = asyncio.ensure_future(rounds.balance(hub))
    await asyncio.sleep(0.05)
    assert not job.done() and not any(socket.frames for socket in hub.sockets)
    job.cancel()


@pytest.mark.parametrize(
    "mine, theirs, shed",
    [
        (100, [0], 50),
        (100, [0, 0], 66),
        (100, [100, 0], 33),
        (100, [100, 100], 0),
        (0, [100], 0),
        (105, [95], 0),  # not worth it
        (5, [0], 0),
        (1000, [1000] * 9 + [0], 90),  # one that is new among many gets its part, too
        (1000, [1000] * 19 + [0], 47),
        (3000, [0, 0], 500),  # no more than can be taken in that time
        (0, [], 0),
    ],
)
def test_what_is_over_the_mean(mine, theirs, shed):
    assert rounds.over(mine, theirs) == shed
