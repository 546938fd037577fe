"""The ws processes that serve two browsers go, killed or replaced, in the middle of a conversation."""

import itertools
import threading

import pytest
from playwright.sync_api import expect

from tests.browser.room import enter, live, said, say, shows
from tests.site import until
from tests.stack.visitor import texts


def held(stack):
    """Return {replica: its sockets}, without what is there for a moment only, such as probes."""
    readings = [stack.sockets() for _ in range(4)]
    return {replica: min(each.get(replica, 0) for each in readings) for replica in readings[0]}


@pytest.fixture
def two(stack):
    """The stack with two ws processes at least; afterwards it has as many as before."""
    replicas = len(stack.replicas())
    stack.scale(max(2, replicas))
    yield stack
    stack.scale(replicas)
    until(lambda: set(stack.health().values()) == {"healthy"}, "all is well again", 60, 0.5)


def test_killed_between_two_messages(two, somebody, wire, alice, bob, room):
    wires = wire(), wire()
    before = held(two)
    hers, his = enter(somebody(alice, through=wires[0]), room), enter(somebody(bob, through=wires[1]), room)

    def serves():
        """The replica that has more sockets than before; with two pages it may be two."""
        more = [replica for replica, count in held(two).items() if count > before.get(replica, 0)]
        return more and more[0]

    say(hers, "one")
    say(his, "two")
    for page in (hers, his):
        expect(said(page)).to_have_count(2)
    victim = until(serves, "some replica serves them")
    for line in wires:
        line.count()
    two.kill(victim)
    say(hers, "three")
    say(his, "four")
    until(lambda: any(line.fewest == 0 for line in wires), "it served one of them")
    for page in (hers, his):
        live(page)
        expect(page.locator("#live-state")).to_be_hidden()
        expect(said(page)).to_have_count(4)
        expect(page.locator(".pending, .failed")).to_have_count(0)
    order = texts(bob.get(room).text)
    assert sorted(order) == ["four", "one", "three", "two"]
    for page in (hers, his):
        shows(page, *order)
        page.reload()
        shows(page, *order)
    two.revive(victim)


def test_replaced_while_they_talk(two, somebody, wire, alice, bob, room):
    """Every process is replaced: each page changes its socket at least once, and never lacks one."""
    wires = wire(), wire()
    hers, his = enter(somebody(alice, through=wires[0]), room), enter(somebody(bob, through=wires[1]), room)
    for page, line in zip((hers, his), wires, strict=True):
        line.count()
        page.evaluate("window.states = []")
    over, said_so_far = threading.Event(), []

    def talk():
        for number in itertools.count():
            said_so_far.append(f"line {number}")
            assert bob.say(room, said_so_far[-1]).status == 302
            if over.wait(0.5):
                return

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        two.make("roll", "S=ws")
    finally:
        over.set()
        talking.join()
    for page, line in zip((hers, his), wires, strict=True):
        shown = said_so_far[-50:]  # of more, a page that loads shows the last fifty
        expect(page.locator("#messages .text").last).to_have_text(shown[-1])
        assert page.locator("#messages .text").all_inner_texts() == said_so_far
        assert line.opened >= 1 and line.fewest >= 1, (line.opened, line.fewest)
        assert set(page.evaluate("window.states")) <= {"live"}
        page.reload()
        shows(page, *shown)
