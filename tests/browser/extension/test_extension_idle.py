"""The page says at once that its person has gone idle or has come back, and says it once."""

import contextlib
import queue

IDLE = 300_000  # ms without a key or a pointer
HIDE = """Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true});
window.away = %s; document.dispatchEvent(new Event('visibilitychange'));"""


def go_idle(page, link):
    page.clock.fast_forward(IDLE)
    page.clock.run_for(6000)
    until_said(link, True)


def come_back(page, server):
    """Return the next socket; no more of the page's time goes by than that needs, or the page gives it up."""
    while True:
        page.clock.run_for(500)
        with contextlib.suppress(queue.Empty):
            return server.links.get(timeout=0.5)


def until_said(link, idle):
    while link.got("beat")["idle"] is not idle:  # others come by the clock
        pass


def beats(page, link):
    """Return what was said up to now: the server answers nothing, so ask by a frame of our own."""
    page.evaluate(
        "htmx.createWebSocket(document.body.getAttribute('ws-connect')).connection.send({type: 'end'}, false)"
    )
    found = []
    while (frame := link.got())["type"] != "end":
        found += [frame] if frame["type"] == "beat" else []
    return [frame["idle"] for frame in found]


def test_it_works(page, visit):
    page.clock.install()
    link = visit()
    go_idle(page, link)
    beats(page, link)
    page.mouse.move(50, 50)
    assert link.got("beat") == {"type": "beat", "idle": False}
    for x in range(60, 90, 3):
        page.mouse.move(x, x)
        page.keyboard.press("Shift")
    assert beats(page, link) == []


def test_a_hidden_page_is_idle_after_a_minute(page, visit):
    page.clock.install()
    link = visit()
    page.evaluate(HIDE % "true")
    page.evaluate(HIDE % "false")
    assert beats(page, link) == [], "a look at another tab"
    page.evaluate(HIDE % "true")
    page.clock.run_for(67_000)
    assert beats(page, link)[-1] is True
    page.evaluate(HIDE % "false")
    assert beats(page, link) == [False]


def test_who_comes_back_idle_says_so_first(page, visit, server):
    page.clock.install()
    link = visit()
    assert "idle" not in link.first
    go_idle(page, link)
    link.kill()
    assert come_back(page, server).got()["idle"] is True


def test_who_became_active_between_two_connections_says_so(page, visit, server):
    page.clock.install()
    link = visit()
    go_idle(page, link)
    link.say({"move": {"within": 0.1}})
    page.clock.run_for(1000)
    new = server.link()
    assert new.got("resume")["idle"] is True
    page.mouse.move(50, 50)
    until_said(link, False)
    new.say({"stream": "room:1", "resumed": {"epoch": "e1", "head": 0}})
    until_said(new, False)
