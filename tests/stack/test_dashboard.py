"""On the operators' page one sees a ws process come, take its load, and go; nobody else sees the page."""

import asyncio
import contextlib
import re
from functools import partial

import pytest
from websockets.exceptions import ConnectionClosed

from tests.site import new_name, until
from tests.stack.gathering import Gathering
from tests.stack.visitor import Visitor

KEY, PAGE = "stack:all", "/dashboard/stack/"
CROWD = 60
LIMIT = 90  # seconds


@pytest.fixture(scope="module")
def olga(stack):
    """An operator, as `make admin` makes one."""
    name, password = new_name("olga").replace(" ", "-"), "stays-3-awake"
    stack.env |= {"DJANGO_SUPERUSER_USERNAME": name, "DJANGO_SUPERUSER_PASSWORD": password}
    stack.make("admin")
    visitor = Visitor(stack.site)
    answer = visitor.post("/people/sign-in/", username=name, password=password)
    assert answer.status == 302, answer.text
    return visitor


def rows(html):
    """Return {process: (state, its sockets, or None)} of what the page shows."""
    found = {}
    for process, state, row in re.findall(
        r'data-process="([^"]+)" data-state="(\w+)"(.*?)</tr>', html, re.DOTALL
    ):
        sockets = re.search(r'data-label="Sockets">([\d,]+)<', row)
        found[process] = state, sockets and int(sockets[1].replace(",", ""))
    return found


def ws_of(html):
    return {name: shown for name, shown in rows(html).items() if name.startswith("ws ")}


class Board:
    """The operator's open page, and what its state showed, one after the other; `dial` opens a socket for it.

    It comes back when its process goes.
    """

    def __init__(self, dial):
        self.dial, self.shown = dial, []

    async def read(self):
        while True:
            page = await self.dial()
            with contextlib.suppress(ConnectionClosed):
                await page.resume(KEY)
                while True:
                    frame = await page.until(lambda frame: frame.get("state") == "stack")
                    page.frames.clear()
                    self.shown.append(frame["html"])

    async def see(self, condition, what):
        """Wait until the last thing shown fulfils the condition, and return it."""
        try:
            async with asyncio.timeout(LIMIT):
                while not (self.shown and condition(self.shown[-1])):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not within {LIMIT} s: {what}; {rows((self.shown or [''])[-1])}") from None
        return self.shown[-1]


@contextlib.asynccontextmanager
async def watching(page, olga):
    board = Board(partial(page, olga))
    reading = asyncio.create_task(board.read())
    try:
        yield board
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def test_every_process_is_there(olga, stack):
    services = {"nginx", "web", "ws", "worker"}

    def all_of_them():
        html = olga.get(PAGE).text
        return html if {name.split()[0] for name in rows(html)} >= services else None

    html = until(all_of_them, "each service has a row")
    assert {state for state, _ in rows(html).values()} <= {"serving", "draining", "starting"}
    assert len([name for name in ws_of(html)]) >= len(stack.replicas())


async def test_a_replica_comes_takes_load_and_goes(one, site, olga, bob, page):
    gathering = Gathering(site, [bob], bob.make_room(), CROWD)
    async with gathering, watching(page, olga) as board:
        before = await board.see(lambda html: sum(n for _, n in ws_of(html).values()) >= CROWD, "its load")
        (old,) = [name for name, (state, _) in ws_of(before).items() if state == "serving"]
        await asyncio.to_thread(one.scale, 2)
        came = await board.see(lambda html: len(ws_of(html)) == 2, "it comes")
        (new,) = ws_of(came).keys() - {old}
        assert list(ws_of(came)) == [old, new], "who comes last stands below"
        await board.see(lambda html: ws_of(html)[new][1] >= CROWD / 4, "it takes load")
        scaling = asyncio.create_task(asyncio.to_thread(one.scale, 1))
        await board.see(lambda html: "draining" in {state for state, _ in ws_of(html).values()}, "it drains")
        await board.see(lambda html: len(ws_of(html)) == 1, "it goes")
        await scaling
        last = await board.see(
            lambda html: sum(n for _, n in ws_of(html).values()) >= CROWD, "the load is back"
        )
        both = rows(before).keys() & rows(last).keys()
        in_order = [[name for name in rows(html) if name in both] for html in (before, last)]
        assert in_order[0] == in_order[1], "no row has moved"


@pytest.mark.parametrize("who", ["nobody", "bob"])
async def test_outsiders_are_refused(who, site, bob, page):
    visitor = {"nobody": None, "bob": bob}[who]
    answer = (visitor or Visitor(site)).get(PAGE)
    assert answer.status == (404 if visitor else 302)
    assert "refused" in await (await page(visitor)).resume(KEY)
