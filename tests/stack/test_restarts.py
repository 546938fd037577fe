"""Parts of the stack go away and come back: people are told, and nothing is lost."""

import asyncio
import contextlib
import re

import pytest

from tests.site import until
from tests.stack.page import Page, dial
from tests.stack.visitor import Visitor, key_of, texts


def test_while_web_is_away_nginx_has_a_page_of_its_own(stack, alice, room):
    def is_back():
        answer = alice.get(room)
        assert answer.status in (200, 503), answer.text
        return answer.status == 200

    def is_away():
        answer = alice.get(room)
        return answer.status == 503 and answer

    with stack.without_web():
        page = until(is_away, "web is away", 20)
        assert '<meta http-equiv="refresh"' in page.text and page.headers["Retry-After"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
    until(is_back, "web is back", 60)


@contextlib.asynccontextmanager
async def aside(manager):
    """Enter and leave in a thread: a socket whose client's loop stands still answers no ping, and is cut."""
    await asyncio.to_thread(manager.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


async def test_sockets_live_on_while_web_is_away(stack, page, alice, bob, room):
    here, there = await page(alice), await page(bob)
    for each in (here, there):
        await each.resume(key_of(room))
    async with aside(stack.without_web()):
        assert "done" in await here.say(key_of(room), "who needs pages")
        entry = await there.until(lambda f: "seq" in f)
        assert "who needs pages" in entry["html"]
    until(lambda: alice.get(room).status == 200, "web is back", 60)


@pytest.mark.usefixtures("may_restart")
async def test_down_and_up_loses_nothing(stack, site):
    alice, bob = Visitor.guest(site, "Alice"), Visitor.member(site, "Bob")
    room, private = bob.make_room(), bob.make_room(private=True)
    key = key_of(room)
    async with dial(site, alice) as socket:
        before = Page(socket)
        cursor = (await before.resume(key))["resumed"]
        await before.say(key, "before")
        bob.say(private, "a secret")
        bob.post(f"{room}transcript/")
        file = until(lambda: re.search(r"/jobs/[0-9a-f-]+/file/", bob.get("/jobs/").text), "the transcript")[
            0
        ]
    count = len(stack.replicas())

    stack.make("down")
    assert not site.alive()
    stack.make("up", f"WS={count}")

    assert texts(bob.get(room).text) == ["before"], "still signed in, and all is there"
    assert texts(bob.get(private).text) == ["a secret"]
    assert "before" in bob.get(file).text
    async with dial(site, alice) as socket:
        after = Page(socket)
        answer = await after.resume(key, cursor["epoch"], cursor["head"])
        assert answer["resumed"] == {"epoch": cursor["epoch"], "head": cursor["head"] + 1}
        assert [f["client_id"] != "" for f in after.frames if "seq" in f] == [True]
        assert "done" in await after.say(key, "after")


@pytest.mark.usefixtures("may_restart")
def test_gunicorn_does_what_uwsgi_does(stack, site):
    def start(**knobs):
        if site.mode == "native":
            stack.make("down")
        stack.make("up", f"WS={len(count)}", *(f"{name}={value}" for name, value in knobs.items()))

    def runs_gunicorn():
        return "gunicorn" in stack.web_commands()

    count = stack.replicas()
    before = "gunicorn" if runs_gunicorn() else "uwsgi"
    start(WEB_SERVER="gunicorn")
    try:
        assert runs_gunicorn()
        bob = Visitor.member(site, "Bob")
        room = bob.make_room()
        assert bob.say(room, "über gunicorn").status == 302
        assert texts(bob.get(room).text) == ["über gunicorn"]
        assert bob.get("/", Host="evil.example").status == 400
        assert bob.say(room, "x" * 100_000).status == 422
        assert bob.say(room, "x" * 2_000_000).status == 413
        assert bob.get("/healthz").status == bob.get("/readyz").status == 200
    finally:
        start(WEB_SERVER=before)
    assert runs_gunicorn() == (before == "gunicorn")
