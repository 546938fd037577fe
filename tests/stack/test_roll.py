"""Every process of a service is replaced while people talk: nobody is without a socket, nothing is lost."""

import asyncio

import pytest

from tests.stack.page import SteadyPage
from tests.stack.visitor import key_of, texts

pytestmark = pytest.mark.usefixtures("may_restart", "no_traceback")
PAGES, LIMIT = 8, 60


async def all_of(pages, tasks, condition, what):
    """Wait until the condition holds for every page; a page that broke the protocol raises here."""
    async with asyncio.timeout(LIMIT):
        while not all(map(condition, pages)):
            for task in tasks:
                assert not task.done() or task.result(), what
            await asyncio.sleep(0.05)


async def talk_through(site, visitors, room, change):
    """Talk by pages and by forms while `change` runs in a thread; return the pages, and what was said.

    Three people at a pace that no limit forbids: two talk on their pages, the last one by the form.
    """
    pages = [SteadyPage(site, visitors[n % len(visitors)], key_of(room)) for n in range(PAGES)]
    tasks = [asyncio.create_task(page.run()) for page in pages]
    said, over = [], asyncio.Event()

    async def speak(page, name):
        while not over.is_set():
            said.append(f"{name} {len(said)}")
            await page.say(said[-1])
            await asyncio.sleep(0.2)

    async def post(name):
        while not over.is_set():
            said.append(f"{name} {len(said)}")
            answer = await asyncio.to_thread(visitors[2].say, room, said[-1])
            assert answer.status == 302, f"{answer.status}: {answer.text}"
            page = await asyncio.to_thread(visitors[2].get, room)
            assert page.status == 200, page.text
            await asyncio.sleep(0.15)

    async def replace():
        try:
            await asyncio.to_thread(change)
        finally:
            over.set()

    try:
        await all_of(pages, tasks, lambda page: page.live, "everybody is connected")
        await asyncio.gather(
            replace(), speak(pages[0], "page"), speak(pages[1], "another page"), post("form")
        )
        await all_of(pages, tasks, lambda page: len(page.entries) >= len(said), "all messages are everywhere")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return pages, said


def processes(stack, service):
    """Return names of a service's running processes that no later process will have."""
    if stack.site.mode == "containers":
        return sorted(stack.ids(service))
    children = stack.children.items()
    return sorted(
        child["born"] + str(child["pid"]) for name, child in children if name.split("-")[0] == service
    )


def assert_nothing_lost(pages, said):
    for page in pages:
        assert sorted(texts("".join(page.entries))) == sorted(said), "every message exactly once"
        assert page.entries == pages[0].entries, "in one order"


@pytest.fixture
def scaled(stack):
    """Return a function that makes it so many ws processes; afterwards it is as many as before."""
    before = len(stack.replicas())

    def scale(count):
        if len(stack.replicas()) != count:
            stack.scale(count)

    yield scale
    scale(before)


@pytest.mark.parametrize("count", [2, 1])
async def test_ws(stack, site, scaled, alice, bob, charlie, count):
    await asyncio.to_thread(scaled, count)
    room = bob.make_room()
    old = await asyncio.to_thread(processes, stack, "ws")

    pages, said = await talk_through(site, [bob, alice, charlie], room, lambda: stack.make("roll", "S=ws"))

    new = await asyncio.to_thread(processes, stack, "ws")
    assert len(new) == len(old) == count and not set(new) & set(old), "all of them are new"
    assert all(page.lives == 1 for page in pages), "nobody was without a live socket"
    assert all(page.moves >= 1 for page in pages)
    assert_nothing_lost(pages, said)


async def test_web(stack, site, alice, bob, charlie):
    room = bob.make_room()
    old = await asyncio.to_thread(processes, stack, "web")

    pages, said = await talk_through(site, [bob, alice, charlie], room, lambda: stack.make("roll", "S=web"))

    new = await asyncio.to_thread(processes, stack, "web")
    assert len(new) == len(old) and not set(new) & set(old), "all of them are new"
    assert all(page.lives == 1 and page.moves == 0 for page in pages), "no socket was touched"
    assert_nothing_lost(pages, said)


async def test_nginx(stack, site, alice, bob):
    """The one short cut: everybody comes back."""
    room = bob.make_room()
    old = await asyncio.to_thread(processes, stack, "nginx")
    page = SteadyPage(site, alice, key_of(room))
    task = asyncio.create_task(page.run())
    await all_of([page], [task], lambda page: page.live, "she is connected")

    await asyncio.to_thread(stack.make, "roll", "S=nginx")

    assert not set(await asyncio.to_thread(processes, stack, "nginx")) & set(old)
    await all_of([page], [task], lambda page: page.live and page.lives > 1, "she is back")
    await page.say("hello again")
    await all_of([page], [task], lambda page: len(page.entries) == 1, "she is heard")
    task.cancel()


def test_what_cannot_be_replaced_unnoticed_is_refused_by_name(stack):
    with pytest.raises(AssertionError, match="S=db cannot be replaced"):
        stack.make("roll", "S=db")


def test_a_new_one_that_does_not_come_up_leaves_the_old_ones_serving(engine, alice):
    old = processes(engine, "web")
    with pytest.raises(AssertionError) as failed:
        engine.make("roll", "S=web", "WEB_SERVER=apache")
    assert "apache' is neither" in str(failed.value) and "go on serving" in str(failed.value)
    assert processes(engine, "web") == old
    assert alice.get("/").status == 200
