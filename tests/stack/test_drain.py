"""A ws process with 500 sockets is told to stop: they move, nobody is seen to leave, it ends in time."""

import asyncio
import contextlib
import os
import re
import signal

import pytest

from bench import stack as hands
from bench.client import Client
from bench.people import Site
from tests.site import until
from tests.stack.page import dial, frames_of
from tests.stack.visitor import Visitor, key_of

pytestmark = pytest.mark.usefixtures("may_restart", "no_traceback")
PEOPLE, TABS, WATCHERS = 50, 10, 2
LEAVES = 15  # seconds: less than a killed process's people are kept
MEMBERS = """
    local found = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      if redis.call('TYPE', key).ok == 'zset' then
        for _, one in ipairs(redis.call('ZRANGE', key, 0, -1)) do found[#found + 1] = key .. ' ' .. one end
      end
    end
    return found
"""


class Watcher:
    """Somebody who stays on another process, and sees who is here."""

    def __init__(self, socket):
        self.socket, self.here = socket, []

    async def watch(self, key):
        await self.socket.send(f'{{"type":"resume","streams":{{"{key}":{{"epoch":"","seq":0}}}}}}')
        async for text in self.socket:
            for frame in frames_of(text):
                if frame.get("state") == "presence":
                    self.here.append(set(re.findall(r'data-author="(\d+)"', frame["html"])))


@pytest.fixture
def redis(stack):
    """Return a function that asks the stack's Redis."""
    kind = hands.Containers if stack.site.mode == "containers" else hands.Native
    return kind(stack.site.origin).redis


def come_in(site):
    return Visitor.guest(site, "Tab")


async def eventually(condition, what, seconds=60):
    """Wait in the clients' own loop, which must go on meanwhile."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.05)
    assert condition(), f"not within {seconds} s: {what}"


async def watchers_on(stack, site, key, replica, visitors, tasks):
    """Return watchers whose sockets are on that process."""
    found, others = [], []
    while len(found) < len(visitors):
        assert len(others) < 40, "nginx gives the new process no sockets"
        before = (await asyncio.to_thread(stack.sockets))[replica]
        socket = await dial(site, visitors[len(found)])
        if (await asyncio.to_thread(stack.sockets))[replica] > before:
            found.append(Watcher(socket))
            tasks.append(asyncio.create_task(found[-1].watch(key)))
        else:
            others.append(socket)  # left open meanwhile: nginx may choose the least used
    for socket in others:
        await socket.close()
    return found


async def test_five_hundred_sockets_move_unnoticed(one, site, redis, bob):
    key = key_of(bob.make_room())
    people = [
        visitor
        for n in range(0, PEOPLE + WATCHERS, 4)
        for visitor in await asyncio.gather(
            *(asyncio.to_thread(come_in, site) for _ in range(min(4, PEOPLE + WATCHERS - n)))
        )
    ]
    crowd, others = people[WATCHERS:], people[:WATCHERS]
    (old,) = one.replicas()
    clients = [Client(Site(site.origin), visitor.cookie) for visitor in crowd for _ in range(TABS)]
    tasks = []
    try:
        # 1. Everybody is on the one process; then there is a second one, where others look on.
        for client in clients:
            client.show(key)
            client.start()
            await asyncio.sleep(0)
        await eventually(lambda: all(client.live for client in clients), "everybody is live")
        process = set(
            re.findall(rf"{key} \d+/([0-9a-f]+)", await asyncio.to_thread(redis, "EVAL", MEMBERS, "0"))
        )
        assert len(process) == 1, process
        (process,) = process
        await asyncio.to_thread(one.scale, 2)
        (new,) = set(one.replicas()) - {old}
        await eventually(lambda: all(client.live for client in clients), "everybody is still live")
        watchers = await watchers_on(one, site, key, new, others, tasks)
        await eventually(
            lambda: all(len(w.here[-1:] and w.here[-1]) == len(people) for w in watchers), "all are here"
        )

        # 2. The first one is told to stop.
        for client in clients:
            client.gaps.clear()
        seen = [len(watcher.here) for watcher in watchers]
        mark = one.log_mark()
        await asyncio.to_thread(stop, one, old)
        # By then some had moved by themselves: a process that holds more than its part sheds it.
        await eventually(lambda: all(client.moved for client in clients), "everybody has moved")

        # 3. It ended well, each disconnect() ran, and no client was without a live socket.
        log = await asyncio.to_thread(until, lambda: drained(one, mark, old), "it says how it ended")
        assert re.search(r"Drained, 0 applications left, ([1-9]\d*) of \1 disconnects", log), log
        assert await asyncio.to_thread(until, lambda: status_of(one, old, mark), "its status") == "0"
        assert [c.name for c in clients if c.gaps or c.lost_at is not None or not c.live] == []

        # 4. Nothing of its presence is left behind, and nobody was seen to leave or come.
        def left_behind():
            return [line for line in redis("EVAL", MEMBERS, "0").splitlines() if process in line]

        await asyncio.to_thread(until, lambda: not left_behind(), "its presence is given back", LEAVES, 0.5)
        everybody = {frozenset(here) for w, n in zip(watchers, seen, strict=True) for here in w.here[n - 1 :]}
        assert [len(here) for here in everybody] == [len(people)]
    finally:
        await asyncio.to_thread(one.revive, old)
        for client in clients:
            client.stop()
        for task in tasks:
            task.cancel()


def stop(stack, replica):
    """Send SIGTERM as an operator's stop does."""
    if stack.site.mode == "containers":
        hands.run("docker", "stop", replica)
    else:
        os.kill(stack.children[replica]["pid"], signal.SIGTERM)


def drained(stack, mark, replica):
    if stack.site.mode == "containers":
        log = hands.run("sh", "-c", f"docker logs --since {mark:.3f} {replica} 2>&1")
    else:
        log = "".join(line for line in stack.log_since(mark).splitlines(True) if line.startswith(replica))
    return "Drained" in log and log


def status_of(stack, replica, mark):
    """Return the status with which the process ended, as text."""
    if stack.site.mode == "containers":
        return str(stack.inspect(replica)["State"]["ExitCode"])
    found = re.search(rf"{replica} +\| supervisor: ended with status (\d+)", stack.log_since(mark))
    return found and found[1]
