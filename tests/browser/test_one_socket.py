"""A page has one socket, which it changes without a gap, and leaves no timer and no socket behind."""

import json

from playwright.sync_api import expect

from tests.browser.room import SOCKET, enter, hear, live, said, shows
from tests.site import until
from tests.stack.visitor import texts

# Timers that have not fired, by the delay that they were set for.
TIMERS = """
const [set, unset] = [window.setTimeout, window.clearTimeout];
window.timers = new Map();
window.setTimeout = (action, delay, ...rest) => {
  const id = set(() => { window.timers.delete(id); action(...rest); }, delay);
  window.timers.set(id, delay);
  return id;
};
window.clearTimeout = (id) => { window.timers.delete(id); unset(id); };
window.intervals = 0;
const every = window.setInterval;
window.setInterval = (...all) => { window.intervals += 1; return every(...all); };
"""
LONG = "[...window.timers.values()].filter((delay) => delay > 500).length"


def test_one_for_all_streams_of_the_page(somebody, wire, alice, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    streams = page.evaluate(
        "[...document.querySelectorAll('[data-stream]')].map((each) => each.dataset.stream)"
    )
    assert len(streams) == 2, "the room, and one's own jobs"
    assert line.open == line.opened == 1


def test_a_move_has_no_gap(somebody, wire, alice, bob, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    line.count()
    page.evaluate("window.states = []")
    texts_said = [f"line {number}" for number in range(30)]
    for moves in range(1, 6):
        hear(page, json.dumps({"move": {"within": 0.2}}))
        for text in texts_said[moves * 6 - 6 : moves * 6]:
            assert bob.say(room, text).status == 302
        until(lambda m=moves: line.opened == m and line.open == 1, "it has moved, and closed the one before")
    shows(page, *texts_said)
    assert line.fewest >= 1, "never without an open socket"
    assert line.most == 2
    assert set(page.evaluate("window.states")) <= {"live"}, "nor without a live one"
    assert texts(bob.get(room).text) == texts_said


def test_twenty_reconnects_leave_nothing_behind(somebody, wire, alice, bob, room):
    line = wire()
    context = somebody(alice, through=line)
    context.add_init_script(TIMERS + "Math.random = () => 0.01;")
    page = enter(context, room)
    until(lambda: page.evaluate(LONG) == 1, "the beat alone")
    intervals = page.evaluate("window.intervals")
    line.count()
    for number in range(20):
        line.cut()
        until(lambda n=number: line.opened == n + 1, "it comes back")
        live(page)
    bob.say(room, "still there?")
    expect(said(page, "still there?")).to_have_count(1)
    assert line.open == line.most == 1
    until(lambda: page.evaluate(LONG) == 1, "the beat alone")
    assert page.evaluate("window.intervals") == intervals
    assert page.evaluate(f"Object.keys({SOCKET}.connection.timers)") == ["beat"]


def test_a_page_in_the_cache_of_pages_sleeps(launch, somebody, wire, alice, bob, room):
    line = wire()
    browser = launch(ignore_default_args=["--disable-back-forward-cache"])  # as people have it
    context = somebody(alice, through=line, browser=browser)
    context.add_init_script(TIMERS)
    page = enter(context, room)
    page.evaluate("window.kept = true")
    page.goto("/")
    until(lambda: line.open == 0, "the socket is closed")
    bob.say(room, "while you slept")
    page.evaluate("history.back()")
    shows(page, "while you slept")
    assert page.evaluate("window.kept"), "it is the same page"
    assert line.open == 1
    until(lambda: page.evaluate(LONG) == 1, "the beat alone")


def test_a_page_that_goes_takes_its_socket_with_it(somebody, wire, alice, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    for path in ("/", room, "/jobs/", room):
        page.goto(path)
    live(page)
    until(lambda: line.open == 1, "one page, one socket")
    page.close()
    until(lambda: line.open == 0, "no page, no socket")
