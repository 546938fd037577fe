"""Order, no gap, no repeat: what a page shows of its streams, however badly they are delivered."""

from random import Random

from tests.browser.extension.fake_server import (
    LIMIT,
    entry,
    message,
    resumed,
    stream,
)
from tests.browser.extension.looks import shows, state


def test_it_works(page, visit):
    link = visit()
    assert link.first == {"room:1": {"epoch": "e1", "seq": 0}}
    link.say(entry(1), entry(2), [entry(3), entry(4)])
    shows(page, 1, 2, 3, 4)
    state(page, "live")


def test_it_resumes_from_the_head_of_the_page(page, visit):
    link = visit(stream(message(7), head=17), live=False)
    assert link.greet(17) == {"room:1": {"epoch": "e1", "seq": 17}}


def test_repeats_are_dropped(page, visit):
    link = visit()
    link.say(entry(1), entry(1, "again"), [entry(2), entry(1, "again"), entry(2, "again"), entry(3)])
    shows(page, 1, 2, 3)
    assert "again" not in page.inner_text("#messages")


def test_what_is_no_frame_hurts_nothing(page, visit):
    link = visit()
    link.say("not JSON", "[]", "null", "7", [None, 3, "x", []], {"unknown": 1})
    link.say({"stream": "room:9", "seq": 1, "html": "x"}, {"error": "bad_frame", "message": "No."})
    link.say({"stream": "room:1", "seq": 1, "html": ""}, entry(2) | {"new": 1})
    shows(page, 2)
    assert link.is_open


def test_a_hole_is_asked_for_once(page, visit):
    link = visit()
    link.say(entry(1), [entry(4), entry(5)], entry(6))
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 1}}
    link.say([entry(number) for number in range(2, 7)], resumed(6))
    shows(page, 1, 2, 3, 4, 5, 6)
    link.say(entry(7))
    shows(page, 1, 2, 3, 4, 5, 6, 7)
    assert link.inbox.empty()


def test_a_hole_in_the_answer_is_asked_for_again(page, visit):
    link = visit()
    link.say(entry(3))
    link.got("resume")
    link.say(entry(1), entry(3), resumed(3))
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 1}}
    link.say(entry(2), entry(3), resumed(3))
    shows(page, 1, 2, 3)


def test_a_hole_whose_answer_never_comes_is_asked_for_again(page, visit):
    page.clock.install()
    link = visit()
    link.say(entry(3))
    link.got("resume")
    link.say(entry(4))
    link.say({"done": "heard"})  # alive, but it forgot us
    page.clock.run_for(5100)
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 0}}


def test_a_lost_last_entry_shows_in_the_head(page, visit):
    link = visit()
    link.say(resumed(1))
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 0}}
    link.say(entry(1))
    shows(page, 1)


def test_without_a_position_it_starts_at_the_head(page, visit, server):
    link = visit(stream(epoch="", head=0), live=False)
    assert link.greet(head=17) == {"room:1": {"epoch": "", "seq": 0}}
    link.say(entry(18))
    shows(page, 18)
    link.kill()
    assert server.link().greet(18) == {"room:1": {"epoch": "e1", "seq": 18}}


# Applying an entry twice changes nothing.


def test_an_entry_that_the_page_already_shows_changes_nothing(page, visit):
    link = visit(stream(message(1) + message(2) + message(3), head=0), live=False)
    page.evaluate("() => { window.kept = document.getElementById('message-2') }")
    link.greet()
    link.say(entry(1), entry(2), entry(3, "edited"), entry(4))
    shows(page, 1, 2, 3, 4)
    assert page.evaluate("() => window.kept.isConnected"), "nothing differed, so the element stays"
    assert "edited" in page.inner_text("#message-3")


def test_edits_and_removals_and_a_missing_target(page, visit):
    link = visit(stream(message(1) + message(2), head=2))
    edit = '<li id="message-1" hx-swap-oob="true"><p>edited</p></li>'
    parts = [
        edit,
        edit,
        '<li id="message-2" hx-swap-oob="delete"></li>',
        '<i id="nowhere" hx-swap-oob="true"></i>',
        '<ol hx-swap-oob="beforeend:#nowhere"><li id="lost"></li></ol>',
        '<b hx-swap-oob="beforeend:###"></b>',
        "<b></b>",
    ]
    for seq, html in enumerate(parts, start=3):
        link.say({"stream": "room:1", "seq": seq, "html": html})
    link.say(entry(10))
    shows(page, 1, 10)
    assert page.inner_text("#message-1") == "edited"


def test_the_focus_stays_in_a_line_that_changes(page, visit):
    tools = '<button id="first">1</button><button id="second">2</button>'
    link = visit(stream(message(1).replace("</li>", f"{tools}</li>") + message(2), head=2))
    page.focus("#second")
    link.say(
        {"stream": "room:1", "seq": 3, "html": f'<li id="message-1" hx-swap-oob="true">edited {tools}</li>'}
    )
    page.wait_for_selector("#message-1 >> text=edited")
    assert page.evaluate("() => document.activeElement.id") == "second"
    link.say(
        {"stream": "room:1", "seq": 4, "html": '<li id="message-1" hx-swap-oob="delete"></li>'}, entry(5)
    )
    shows(page, 2, 5)
    assert page.evaluate("() => document.activeElement === document.body")


def test_answers_to_requests_are_left_alone(page, visit):
    visit(extra='<button id="get" hx-get="/part/" hx-target="#here">Get</button>')
    page.route("**/part/", lambda route: route.fulfill(body="<li>plain</li>", content_type="text/html"))
    page.click("#get")
    page.wait_for_selector("#here >> text=plain")


# State: the last one wins.


def test_an_older_state_is_dropped(page, visit):
    def here(v, name="presence"):
        html = f'<ul id="here" hx-swap-oob="true">{name} {v}</ul>'
        return {"stream": "room:1", "state": name, "v": v, "html": html}

    link = visit()
    link.say(here(2), here(1), [here(4), here(3)], entry(1))
    shows(page, 1)
    assert page.inner_text("#here") == "presence 4"
    link.say(here(1, "other"), entry(2))
    shows(page, 1, 2)
    assert page.inner_text("#here") == "other 1"


# Streams come and go with the page.


def test_streams_gained_and_lost(page, visit):
    link = visit()
    page.evaluate(
        """() => document.body.insertAdjacentHTML('beforeend',
        '<div id="jobs" data-stream="me:1" data-epoch="m" data-head="3"></div>')"""
    )
    assert link.got("resume")["streams"] == {"me:1": {"epoch": "m", "seq": 3}}
    page.evaluate("document.getElementById('jobs').remove()")
    assert link.got("leave")["streams"] == ["me:1"]


def test_two_elements_of_one_stream_share_the_older_cursor(page, visit):
    link = visit()
    link.say(entry(1), entry(2))
    shows(page, 1, 2)
    for head, expected in [(5, 2), (1, 1)]:
        page.evaluate(
            """(head) => document.body.insertAdjacentHTML('beforeend',
            `<p data-stream="room:1" data-epoch="e1" data-head="${head}"></p>`)""",
            head,
        )
        assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": expected}}


def test_an_element_shown_anew_brings_its_own_head(page, visit):
    link = visit()
    html = '<ul id="here" hx-swap-oob="true">7</ul>'
    here = {"stream": "room:1", "state": "presence", "v": 7, "html": html}
    link.say(entry(1), here, entry(2))
    shows(page, 1, 2)
    page.evaluate("document.getElementById('here').textContent = 'as the fragment had it'")
    page.evaluate("html => { document.getElementById('box').innerHTML = html }", stream(message(1), head=1))
    assert link.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 1}}
    link.say(here, entry(2))
    shows(page, 1, 2)
    assert page.inner_text("#here") == "7"


# All of it at once.


def test_repeats_holes_moves_and_deaths_show_everything_once(page, visit, server):
    """What the log holds is what the page shows, in order, however badly it is delivered."""
    chance = Random(5)
    log = [entry(number) for number in range(1, 301)]
    head, resumes = 0, 0

    def answer(link, frame):
        nonlocal resumes
        resumes += 1
        since = frame["streams"]["room:1"]["seq"]
        link.say(log[since:head], resumed(head))
        link.answered.set()

    link = visit()
    server.answer = answer
    faults = 0
    while head < len(log):
        head = min(len(log), head + chance.randint(1, 6))
        batch = [each for each in log[max(0, head - 7) : head] if chance.random() > 0.3]
        if chance.random() < 0.3:
            chance.shuffle(batch)
        link.say(batch)
        fault = chance.random()
        if fault < 0.2:
            faults += 1
            link.kill() if fault < 0.1 else link.say({"move": {"within": 0.05}})
            link = server.link()
            assert link.answered.wait(LIMIT)
    link.say(log[-1])
    shows(page, *range(1, len(log) + 1))
    assert faults > 10 and resumes > faults
