"""Said once: what a form says is shown exactly once, or turns to failed, whatever happens to its socket."""

import re
import time

import pytest

from tests.browser.extension.fake_server import document, entry, message, resumed, stream
from tests.browser.extension.looks import lines, say, shows

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_message_is_said(page, visit):
    link = visit()
    say(page, "hello <b>")
    frame = link.got("say")
    assert UUID.fullmatch(frame["client_id"])
    assert frame == {"type": "say", "stream": "room:1", "client_id": frame["client_id"], "text": "hello <b>"}
    line = page.locator(f"#pending-{frame['client_id']}")
    assert line.inner_text() == "hello <b>"
    assert set(line.get_attribute("class").split()) == {"pending", "own"}
    assert page.input_value("textarea") == ""
    say(page, "next")
    assert link.got("say")["client_id"] != frame["client_id"]


@pytest.mark.parametrize("first", ["done", "entry"])
def test_the_entry_replaces_the_pending_line(page, visit, first):
    link = visit()
    say(page, "mine")
    mine = link.got("say")["client_id"]
    link.say(entry(1, "somebody else was quicker"))
    shows_order = ["message-1", f"pending-{mine}"]
    page.wait_for_selector("#message-1")
    assert lines(page) == shows_order
    answers = [{"done": mine}, entry(2, "mine", author=1, client_id=mine)]
    link.say(*(answers if first == "done" else reversed(answers)))
    shows(page, 1, 2)
    assert "own" in page.get_attribute("#message-2", "class")
    assert page.evaluate("sessionStorage.length") <= 1  # htmx' own


def test_done_moves_no_cursor(page, visit):
    link = visit()
    say(page, "mine")
    link.say({"done": link.got("say")["client_id"], "seq": 5})
    link.say(entry(1))
    page.wait_for_selector("#message-1")


def test_failed_and_retry(page, visit):
    link = visit()
    say(page, "too much")
    mine = link.got("say")["client_id"]
    link.say({"failed": mine, "code": "not_allowed", "message": "You may not speak here."})
    line = page.locator(f"#pending-{mine}.failed:not(.pending)")
    assert line.locator("[data-reason]").inner_text() == "You may not speak here."
    line.locator("[data-retry]").click()
    assert link.got("say") == {"type": "say", "stream": "room:1", "client_id": mine, "text": "too much"}
    page.wait_for_selector(f"#pending-{mine}.pending:not(.failed)")
    assert not page.is_visible("[data-retry]")
    link.say({"done": mine}, entry(1, author=1, client_id=mine))
    shows(page, 1)


def test_not_now_is_tried_again_by_itself(page, visit):
    link = visit()
    say(page, "patience")
    mine = link.got("say")["client_id"]
    link.say({"failed": mine, "code": "unavailable", "message": "Not sent, retrying."})
    page.wait_for_selector(f"#pending-{mine}.pending >> text=retrying")
    assert link.got("say")["client_id"] == mine


@pytest.mark.parametrize("committed", [True, False])
def test_a_socket_killed_between_say_and_done(page, visit, server, committed):
    link = visit()
    say(page, "once")
    mine = link.got("say")["client_id"]
    link.kill()
    link = server.link()
    streams = link.greet(answer=False)
    assert streams == {"room:1": {"epoch": "e1", "seq": 0}}
    said = entry(1, author=1, client_id=mine)
    if committed:
        link.say(said, resumed(1))
    else:
        link.say(resumed(0))
        assert link.got("say")["client_id"] == mine
        link.say({"done": mine}, said)
    shows(page, 1)
    link.say(entry(2))
    shows(page, 1, 2)
    assert link.inbox.empty(), "nothing is sent again once its entry was seen"


def test_unsent_messages_survive_a_reload(page, visit, server):
    link = visit()
    server.refusing = True
    link.kill()
    for text in ("one", "two", "three"):
        say(page, text)
    say_ids = [each.removeprefix("pending-") for each in lines(page)]
    assert len(say_ids) == 3
    page.reload()
    assert page.locator("#messages").inner_text().split() == ["one", "two", "three"]
    server.refusing = False
    link = server.link()
    link.greet()
    assert [link.got("say")["client_id"] for _ in say_ids] == say_ids
    for number, mine in enumerate(say_ids, start=1):
        link.say({"done": mine}, entry(number, author=1, client_id=mine))
    shows(page, 1, 2, 3)
    page.reload()
    link = server.link()
    link.greet()
    say(page, "four")
    assert link.got()["text"] == "four"


def test_a_full_outbox_goes_out_in_order_and_not_in_one_burst(page, visit, server):
    link = visit()
    server.refusing = True
    link.kill()
    texts = [f"number {number}" for number in range(25)]
    for text in texts:
        say(page, text)
    server.refusing = False
    times = []
    server.answer = lambda link, frame: (link.inbox.put(frame), times.append(time.monotonic()))
    link = server.link()
    link.greet()
    assert [link.got("say")["text"] for _ in texts] == texts
    assert times[-15] - times[-16] > 0.4, "after ten of them it takes a breath"


def test_what_the_reloaded_page_shows_is_not_sent_again(page, visit, server):
    link = visit()
    say(page, "committed")
    mine = link.got("say")["client_id"]
    server.pages["/room/"] = (200, document(server, stream(message(1, author=1, client_id=mine), head=1)))
    page.reload()
    link = server.link()
    link.greet(1)
    shows(page, 1)
    say(page, "next")
    assert link.got()["text"] == "next"


def test_another_person_in_this_tab_sees_nothing_of_it(page, visit, server):
    visit()
    server.refusing = True
    say(page, "of Alice")
    server.pages["/room/"] = (200, document(server, person="2"))
    page.reload()
    assert lines(page) == []
    assert "of Alice" not in page.evaluate("JSON.stringify(sessionStorage)")


# The form.


def test_what_cannot_be_sent_is_refused_in_words(page, visit):
    link = visit()
    problem = "document.querySelector('textarea').validationMessage"
    for text, words in [("  \n ", "Write something"), ("x" * 51, "51 characters; 50 at most")]:
        page.evaluate("text => { document.querySelector('textarea').value = text }", text)
        page.press("textarea", "Enter")
        assert words in page.evaluate(problem)
        assert page.input_value("textarea") == text, "the draft stays"
    say(page, "fine")
    assert link.got("say")["text"] == "fine"
    assert link.inbox.empty()


def test_enter_sends_and_shift_enter_breaks(page, visit):
    link = visit()
    page.type("textarea", "two")
    page.press("textarea", "Shift+Enter")
    page.type("textarea", "lines")
    page.evaluate(  # the Enter that ends a composition
        """() => document.querySelector('textarea').dispatchEvent(
        new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, isComposing: true}))"""
    )
    page.type("textarea", "!")
    page.press("textarea", "Enter")
    assert link.got("say")["text"] == "two\nlines!"
    assert link.inbox.empty()


@pytest.mark.parametrize(
    "without",
    [
        "delete window.WebSocket",
        "window.WebSocket = function () { throw new Error('blocked') }",
    ],
)
def test_without_websockets_the_form_posts(page, server, without):
    page.add_init_script(without)
    server.pages["/room/"] = (200, document(server))
    page.goto(f"{server.url}/room/")
    page.wait_for_function("() => document.querySelector('[name=client_id]').value != 'from-server'")
    with page.expect_navigation():
        say(page, "by hand")
    assert server.posts[0]["text"] == "by hand"
    assert server.posts[0]["csrfmiddlewaretoken"] == "token"


def test_where_no_socket_gets_through_the_form_posts(page, server):
    page.add_init_script("window.chance = 0.5; Math.random = () => window.chance")
    server.refusing = True
    server.pages["/room/"] = (200, document(server))
    page.goto(f"{server.url}/room/")
    page.wait_for_function("() => window.partyline")
    page.fill("textarea", "too early")
    page.press("textarea", "Enter")
    page.evaluate("window.chance = 0.01")
    page.wait_for_selector(".failed [data-retry]")  # after some tries
    with page.expect_navigation():
        page.click("[data-retry]")
    assert server.posts[0]["text"] == "too early"
    assert lines(page) == []
