"""What changes by itself can be paused (WCAG 2.2.2): nothing moves then, nothing is lost or comes twice."""

import pytest

from tests.browser.extension.fake_server import entry, message, reset, resumed, state_frame, stream
from tests.browser.extension.looks import lines, say, shows, state

BUTTON = "[data-pause]"
EXTRA = (
    '<button type="button" data-pause>Pause</button>'
    '<section data-stream="room:2" data-epoch="e1" data-head="0" data-fragment="/other/">'
    '<ol id="chat"></ol></section>'
)


def chat(seq):
    """Return the frame of an entry of the stream that is not paused."""
    html = f'<ol hx-swap-oob="beforeend:#chat"><li id="chat-{seq}">chat {seq}</li></ol>'
    return {"stream": "room:2", "seq": seq, "html": html}


def here(v, name="here"):
    """Return the frame of a state."""
    return state_frame(v, f'<ul id="here" hx-swap-oob="true">{name} {v}</ul>', name)


def fresh(*numbers, head, epoch="e1"):
    """Return the fragment of the pausable stream."""
    return stream("".join(message(number) for number in numbers), head, epoch, more=" data-pausable")


def waits(page, words):
    """Wait until the button says so."""
    page.wait_for_selector(f"{BUTTON}[data-paused] >> text='Resume{words}'")


def heard(page, link, seq):
    """Wait until the page has taken everything that was sent to it, by an entry of the other stream."""
    link.say(chat(seq))
    page.wait_for_selector(f"#chat-{seq}")


@pytest.fixture
def paused(page, visit):
    """The link of a page that shows messages 1 and 2 of a paused stream, and a chat that goes on."""
    link = visit(fresh(head=0), extra=EXTRA)
    link.say(entry(1), entry(2))
    shows(page, 1, 2)
    page.click(BUTTON)
    return link


def test_it_waits_and_is_then_shown_in_order(page, paused):
    waits(page, "")
    paused.say(entry(3), chat(1))
    waits(page, ", 1 update waits")
    paused.say([entry(4), entry(5)], here(7), entry(6), chat(2))
    waits(page, ", 4 updates wait")
    page.wait_for_selector("#chat-2")
    shows(page, 1, 2)
    assert page.inner_text("#here") == ""
    page.click(BUTTON)
    shows(page, 1, 2, 3, 4, 5, 6)
    assert page.inner_text("#here") == "here 7"
    assert page.inner_text(BUTTON) == "Pause"
    assert page.get_attribute(BUTTON, "data-paused") is None
    paused.say(entry(7))
    shows(page, 1, 2, 3, 4, 5, 6, 7)


def test_by_keyboard(page, visit):
    link = visit(fresh(head=0), extra=EXTRA)
    page.focus(BUTTON)
    page.keyboard.press("Space")
    waits(page, "")
    link.say(entry(1))
    waits(page, ", 1 update waits")
    page.keyboard.press("Enter")
    shows(page, 1)
    assert page.evaluate("document.activeElement.matches('[data-pause]')")


def test_changes_are_kept_in_their_order_too(page, paused):
    edit = '<li id="message-3" hx-swap-oob="true"><p>edited</p></li>'
    removal = '<li id="message-1" hx-swap-oob="delete"></li>'
    paused.say(entry(3), {"stream": "room:1", "seq": 4, "html": edit})
    paused.say({"stream": "room:1", "seq": 5, "html": removal}, entry(6))
    waits(page, ", 4 updates wait")
    shows(page, 1, 2)
    page.click(BUTTON)
    shows(page, 2, 3, 6)
    assert page.inner_text("#message-3") == "edited"


def test_of_a_state_only_the_last_is_kept(page, paused):
    paused.say([here(v) for v in range(1, 701)], here(701, "other"), here(699))
    heard(page, paused, 1)
    waits(page, "")  # states are not counted
    page.click(BUTTON)
    page.wait_for_selector("#here >> text='other 701'")
    shows(page, 1, 2)


def test_once_over_a_cut_and_a_move(page, paused, server):
    paused.say(entry(3))
    waits(page, ", 1 update waits")
    paused.kill()
    link = server.link()
    assert link.greet(answer=False)["room:1"] == {"epoch": "e1", "seq": 3}, "the cursor has moved on"
    link.say(entry(3), entry(4), resumed(4), resumed(0) | {"stream": "room:2"})
    waits(page, ", 2 updates wait")
    link.say({"move": {"within": 0.01}})
    link = server.link()
    assert link.greet(4)["room:1"] == {"epoch": "e1", "seq": 4}
    link.say(entry(4), entry(5))
    waits(page, ", 3 updates wait")
    page.click(BUTTON)
    shows(page, 1, 2, 3, 4, 5)


def test_a_hole_is_filled_before_it_goes_on(page, paused):
    paused.say(entry(5))
    assert paused.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 2}}
    paused.say([entry(3), entry(4), entry(5)], resumed(5))
    waits(page, ", 3 updates wait")
    page.click(BUTTON)
    shows(page, 1, 2, 3, 4, 5)


def test_a_reset_waits_as_well(page, paused, server):
    paused.say(entry(3))
    waits(page, ", 1 update waits")
    server.pages["/fragment/"] = (200, fresh(40, 41, head=41, epoch="e2"))
    paused.say(reset(41, "e2"), entry(42))
    waits(page, ", many updates wait")
    heard(page, paused, 1)
    shows(page, 1, 2)
    assert "/fragment/" not in server.requests
    page.click(BUTTON)
    assert paused.got("resume")["streams"] == {"room:1": {"epoch": "e2", "seq": 41}}
    shows(page, 40, 41)
    paused.say(resumed(41, "e2"), entry(42))
    shows(page, 40, 41, 42)
    assert server.requests.count("/fragment/") == 1


def test_a_fragment_that_was_on_its_way_is_not_shown(page, visit, server):
    link = visit(fresh(1, head=1), head=1, extra=EXTRA)
    server.pages["/fragment/"] = (200, fresh(41, head=41))

    def press_and_answer(route):
        page.click(BUTTON)
        route.continue_()

    page.route("**/fragment/", press_and_answer, times=1)
    link.say(reset(41))
    waits(page, ", many updates wait")
    shows(page, 1)
    page.click(BUTTON)
    shows(page, 41)


def test_a_reset_of_another_stream_does_not_wait(page, paused, server):
    other = EXTRA.partition("</button>")[2].replace('<ol id="chat">', '<ol id="chat"><li id="chat-9">9</li>')
    server.pages["/other/"] = (200, other.replace('data-head="0"', 'data-head="9"'))
    paused.say(reset(9) | {"stream": "room:2"})
    page.wait_for_selector("#chat-9")


def test_too_much_is_fetched_instead(page, paused, server):
    paused.say([entry(number) for number in range(3, 503)])
    waits(page, ", 500 updates wait")
    paused.say(entry(503), entry(504))
    waits(page, ", many updates wait")
    heard(page, paused, 1)
    server.pages["/fragment/"] = (200, fresh(503, 504, head=504))
    page.click(BUTTON)
    assert paused.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 504}}
    paused.say(resumed(504), entry(505))
    shows(page, 503, 504, 505)
    assert server.requests.count("/fragment/") == 1
    page.click(BUTTON)
    paused.say(entry(506))
    waits(page, ", 1 update waits")


def test_who_says_something_wants_to_see_it(page, paused):
    paused.say(entry(3))
    waits(page, ", 1 update waits")
    say(page, "mine")
    mine = paused.got("say")["client_id"]
    assert lines(page) == ["message-1", "message-2", f"pending-{mine}"]
    paused.say({"done": mine}, entry(4, "mine", author=1, client_id=mine))
    shows(page, 1, 2, 3, 4)
    page.wait_for_selector(f"{BUTTON}:not([data-paused]) >> text='Pause'")


def test_a_part_that_is_shown_anew_meanwhile_gets_the_rest_again(page, paused):
    paused.say(entry(3), entry(4))
    waits(page, ", 2 updates wait")
    page.evaluate("html => { document.getElementById('box').innerHTML = html }", fresh(1, 2, 3, head=3))
    assert paused.got("resume")["streams"] == {"room:1": {"epoch": "e1", "seq": 3}}
    paused.say(entry(4), resumed(4))
    waits(page, ", 1 update waits")
    page.click(BUTTON)
    shows(page, 1, 2, 3, 4)


def test_a_refused_stream_stays_refused(page, paused):
    paused.say(entry(3))
    waits(page, ", 1 update waits")
    paused.say({"stream": "room:1", "refused": "not_allowed"})
    state(page, "refused", "no longer")
    page.click(BUTTON)
    shows(page, 1, 2, 3)  # what came before that, it was allowed to see
    state(page, "refused", "no longer")
    page.wait_for_selector("[data-stream='room:1'][data-refused=not_allowed]")


def test_what_goes_from_the_page_or_is_shown_anew_waits_no_more(page, paused):
    paused.say(entry(3), entry(4))
    waits(page, ", 2 updates wait")
    page.evaluate("html => { document.getElementById('box').innerHTML = html }", fresh(3, 4, head=4))
    waits(page, "")
    paused.say(entry(5))
    waits(page, ", 1 update waits")
    page.evaluate("document.getElementById('stream').remove()")
    waits(page, "")


def test_who_says_something_after_a_reset_wants_to_see_it_too(page, paused, server):
    paused.say(reset(41, "e2"))
    waits(page, ", many updates wait")
    say(page, "mine")
    mine = paused.got("say")["client_id"]
    server.pages["/fragment/"] = (200, fresh(40, 41, head=42, epoch="e2"))
    paused.say({"done": mine}, entry(42, "mine", author=1, client_id=mine))
    assert paused.got("resume")["streams"] == {"room:1": {"epoch": "e2", "seq": 42}}
    page.wait_for_selector(f"{BUTTON}:not([data-paused]) >> text='Pause'")
