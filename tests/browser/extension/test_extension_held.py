"""Who reads further down is not moved: what comes in at the list's top is held back, and counted."""

import pytest

from tests.browser.extension.fake_server import message, reset, resumed
from tests.browser.extension.looks import shows

COUNT = "[data-held-count]"
HELD = "[...document.querySelectorAll('#messages > li')].filter((line) => line.hidden).map((line) => line.id)"
SCROLL = """(top) => new Promise((done) => {
  addEventListener('scroll', () => setTimeout(done), {once: true});
  scrollTo({top, behavior: 'instant'});
})"""
# Safari does not hold what one reads where it is when something is put above it: neither shall Chromium here.
NO_ANCHOR = "document.documentElement.style.overflowAnchor = 'none'"
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => shifts.push(...list.getEntries().map((each) => each.value)))
    .observe({type: 'layout-shift'});
}"""
PAINTED = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)));
})"""


def notes(*numbers, head=0, epoch="e1"):
    """Return the stream's element, newest note first, with its button."""
    lines = "".join(message(number) for number in numbers)
    return (
        f'<section id="stream" data-stream="room:1" data-epoch="{epoch}" data-head="{head}"'
        ' data-fragment="/fragment/"><button type="button" data-held-count hidden></button>'
        f'<ol id="messages" data-newest-first>{lines}</ol></section>'
    )


def noted(seq, number, text=""):
    """Return the frame of an entry that puts a note at the top, or changes it where it is."""
    html = f'<ol hx-swap-oob="afterbegin:#messages">{message(number, text)}</ol>'
    return {"stream": "room:1", "seq": seq, "html": html}


def held(page, *numbers):
    """Wait until exactly these are held."""
    ids = " ".join(f"message-{number}" for number in numbers)
    page.wait_for_function(f"(ids) => {HELD}.join(' ') == ids", arg=ids)


@pytest.fixture
def reading(page, visit):
    """A page of a hundred notes, whose reader has scrolled down; `back` goes to the top."""
    page.emulate_media(reduced_motion="reduce")
    style = '<link rel="stylesheet" href="/static/site.css">'
    link = visit(notes(*range(100, 0, -1), head=100), head=100, extra=style)
    page.evaluate(NO_ANCHOR)
    page.evaluate(SCROLL, 900)
    return link


def test_at_the_top_what_comes_is_shown(page, visit):
    link = visit(notes(2, 1))
    link.say(noted(1, 3))
    shows(page, 3, 2, 1)
    held(page)
    assert page.is_hidden(COUNT)


def test_further_down_it_is_held_and_counted_and_nothing_moves(page, reading):
    page.evaluate(WATCH_SHIFTS)
    line = "document.getElementById('message-80').getBoundingClientRect().top"
    before = page.evaluate(line)
    reading.say(noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    reading.say([noted(102, 102), noted(103, 103)], noted(104, 104))
    page.wait_for_selector(f"{COUNT} >> text='4 new updates'")
    held(page, 104, 103, 102, 101)
    page.evaluate(PAINTED)
    assert page.evaluate(line) == before
    assert page.evaluate("shifts") == []
    assert page.evaluate("document.querySelector('[data-held-count]').getBoundingClientRect().top") < 30
    # The same, shown, would have been seen to move.
    page.evaluate("document.getElementById('message-104').hidden = false")
    page.wait_for_function("() => shifts.length > 0")


def test_a_click_shows_it_and_goes_there(page, reading):
    reading.say(noted(101, 101), noted(102, 102))
    page.click(f"{COUNT} >> text='2 new updates'")
    held(page)
    assert page.is_hidden(COUNT)
    page.wait_for_function("() => document.getElementById('message-102').getBoundingClientRect().top >= 0")
    assert page.evaluate("document.activeElement.id") == "messages", "reading goes on at the list"
    reading.say(noted(103, 103))
    page.wait_for_selector("#message-103", state="visible")


def test_by_keyboard(page, reading):
    reading.say(noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    page.focus(COUNT)
    page.keyboard.press("Enter")
    held(page)
    assert page.evaluate("document.activeElement.id") == "messages"


@pytest.mark.parametrize("motion, moved", [("reduce", True), ("no-preference", False)])
def test_it_jumps_only_where_motion_is_not_wanted(page, reading, motion, moved):
    page.emulate_media(reduced_motion=motion)
    reading.say(noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    top = "document.getElementById('messages').getBoundingClientRect().top"
    assert (page.evaluate(f"document.querySelector('{COUNT}').click(), {top}") >= 0) is moved
    page.wait_for_function(f"() => {top} >= 0")


def test_who_scrolls_back_sees_it(page, reading):
    reading.say(noted(101, 101))
    held(page, 101)
    page.evaluate(SCROLL, 0)
    held(page)
    assert page.is_hidden(COUNT)
    shows(page, *range(101, 0, -1))


def test_who_scrolls_back_by_keyboard_from_the_button_keeps_the_focus(page, reading):
    reading.say(noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    page.focus(COUNT)
    page.keyboard.press("Home")
    held(page)
    page.wait_for_function("() => document.activeElement.id == 'messages'")


def test_edits_and_removals_are_made_at_once(page, reading):
    reading.say(noted(101, 101), noted(102, 102), noted(103, 103))
    page.wait_for_selector(f"{COUNT} >> text='3 new updates'")
    removal = '<li id="message-102" hx-swap-oob="delete"></li>'
    edit = '<li id="message-80" hx-swap-oob="true"><p>seen, edited</p></li>'
    reading.say(noted(104, 103, "held, edited"), {"stream": "room:1", "seq": 105, "html": removal})
    reading.say({"stream": "room:1", "seq": 106, "html": edit})
    page.wait_for_selector("#message-80 >> text=seen, edited")
    held(page, 103, 101)
    assert page.inner_text(COUNT).strip() == "2 new updates"
    page.click(COUNT)
    shows(page, 103, *range(101, 0, -1))
    assert page.inner_text("#message-103 p") == "held, edited"


def test_all_that_was_held_is_removed(page, reading):
    reading.say(noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    removal = '<li id="message-101" hx-swap-oob="delete"></li>'
    reading.say({"stream": "room:1", "seq": 102, "html": removal})
    page.wait_for_selector(COUNT, state="hidden")


def test_what_comes_twice_is_counted_once(page, reading, server):
    reading.say(noted(101, 101), noted(101, 101))
    page.wait_for_selector(f"{COUNT} >> text='1 new update'")
    page.evaluate("() => { window.kept = document.getElementById('message-101') }")
    reading.kill()
    link = server.link()
    link.greet(answer=False)
    link.say(noted(102, 101), noted(103, 103), resumed(103))
    held(page, 103, 101)
    assert page.inner_text(COUNT).strip() == "2 new updates"
    assert page.evaluate("window.kept.isConnected"), "nothing differed"


def test_after_a_reset_only_what_is_new_is_held(page, reading, server):
    reading.say(noted(101, 101))
    held(page, 101)
    server.pages["/fragment/"] = (200, notes(*range(103, 3, -1), head=203, epoch="e2"))
    reading.say(reset(203, "e2"))
    reading.got("resume")
    held(page, 103, 102, 101)
    page.wait_for_selector(f"{COUNT} >> text='3 new updates'")
    assert page.evaluate("scrollY") == 900


def test_after_a_reset_a_list_of_unknown_lines_is_shown(page, reading, server):
    server.pages["/fragment/"] = (200, notes(*range(400, 300, -1), head=400, epoch="e2"))
    reading.say(reset(400, "e2"))
    reading.got("resume")
    shows(page, *range(400, 300, -1))
    held(page)


def test_each_list_has_its_own_button(page, visit):
    other = (
        '<div><button type="button" id="other" data-held-count hidden></button>'
        '<ol id="others" data-newest-first></ol></div>'
    )
    link = visit(notes(*range(60, 0, -1)) + other, extra='<link rel="stylesheet" href="/static/site.css">')
    page.evaluate(SCROLL, 700)
    link.say(noted(1, 61))
    page.wait_for_selector(f"#stream {COUNT} >> text='1 new update'")
    assert page.is_hidden("#other")


def test_lists_that_share_a_button_are_counted_together(page, visit):
    others = "".join(message(number) for number in range(200, 100, -1))
    body = notes(*range(60, 0, -1)).replace(
        "</section>", f'<ol id="others" data-newest-first>{others}</ol></section>'
    )
    link = visit(body, extra='<link rel="stylesheet" href="/static/site.css">')
    page.evaluate(SCROLL, 3000)
    other = noted(2, 201)
    other["html"] = other["html"].replace("#messages", "#others")
    link.say(noted(1, 61), other)
    page.wait_for_selector(f"{COUNT} >> text='2 new updates'")
    page.click(COUNT)
    held(page)
    page.wait_for_selector("#message-201", state="visible")
    assert page.is_hidden(COUNT)
    assert page.evaluate("document.activeElement.id") == "messages"
