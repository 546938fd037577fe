"""A link that acts says it once, over cuts and reloads, shows it at once, takes it back if it is refused."""

import pytest

from tests.browser.extension.fake_server import document, entry, message, stream
from tests.browser.extension.looks import shows, state


def link_of(note=17, reaction="like", act="react", toggle=" data-toggle", pressed=' aria-pressed="false"'):
    """Return a link that acts."""
    return (
        f'<a id="{reaction}-{note}" href="/notes/{note}/{act}/" role="button" data-act="{act}"{toggle}'
        f'{pressed} data-fields=\'{{"note":{note},"reaction":"{reaction}"}}\'><b>{reaction}</b></a>'
    )


LIKE = "#like-17"


def pressed(page, is_pressed, link=LIKE):
    """Wait until the link is pressed, or not."""
    page.wait_for_selector(f"{link}[aria-pressed={str(is_pressed).lower()}]")


def noted(*links, number=17):
    """Return a line of the page, with these links."""
    return message(number).replace("</li>", f"{''.join(links or [link_of()])}</li>")


@pytest.fixture
def notes(visit):
    """A page with a note that can be liked."""
    return visit(stream(noted()))


def test_a_click_says_it_and_shows_it(page, notes):
    page.click(f"{LIKE} b")
    pressed(page, True)
    frame = notes.got("react")
    mine = frame["client_id"]
    assert frame == {
        "type": "react",
        "stream": "room:1",
        "client_id": mine,
        "note": "17",
        "reaction": "like",
        "on": "1",
    }
    notes.say({"done": mine})
    page.click(LIKE)
    pressed(page, False)
    again = notes.got("react")
    assert again["on"] == "0" and again["client_id"] != mine
    assert page.url.endswith("/room/")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_by_keyboard(page, notes, key):
    page.focus(LIKE)
    page.keyboard.press(key)
    pressed(page, True)
    assert notes.got("react")["on"] == "1"
    assert page.evaluate("scrollY") == 0
    assert notes.inbox.empty()


def test_what_is_no_toggle_is_only_said(page, visit):
    link = visit(stream(noted(link_of(act="pin", toggle="", pressed=""))))
    page.click(LIKE)
    assert set(link.got("pin")) == {"type", "stream", "client_id", "note", "reaction"}
    assert page.get_attribute(LIKE, "aria-pressed") is None


def test_what_is_refused_is_taken_back(page, notes):
    page.click(LIKE)
    mine = notes.got("react")["client_id"]
    notes.say({"failed": mine, "code": "not_allowed", "message": "The event has ended."})
    pressed(page, False)
    state(page, "live", "The event has ended.")
    page.reload()
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('partyline'))") == []


def test_what_is_refused_after_something_done_goes_back_to_that(page, notes):
    page.click(LIKE)
    notes.say({"done": notes.got("react")["client_id"]})
    page.click(LIKE)
    pressed(page, False)
    notes.say({"failed": notes.got("react")["client_id"], "code": "not_allowed", "message": "No."})
    pressed(page, True)


@pytest.mark.parametrize("clicks", [2, 3])
def test_refused_clicks_end_where_they_began(page, notes, clicks):
    for _ in range(clicks):
        page.click(LIKE)
    pressed(page, clicks == 3)
    for _ in range(clicks):
        notes.say({"failed": notes.got("react")["client_id"], "code": "not_allowed", "message": "No."})
    state(page, "live", "No.")
    pressed(page, False)


def test_of_two_clicks_the_first_is_done_and_the_second_refused(page, notes):
    page.click(LIKE)
    page.click(LIKE)
    pressed(page, False)
    first, second = notes.got("react"), notes.got("react")
    notes.say({"done": first["client_id"]})
    notes.say({"failed": second["client_id"], "code": "not_allowed", "message": "No."})
    pressed(page, True)


def test_not_now_is_said_again_by_itself(page, notes):
    page.click(LIKE)
    mine = notes.got("react")["client_id"]
    notes.say({"failed": mine, "code": "too_fast", "message": "Not sent yet."})
    assert notes.got("react")["client_id"] == mine
    pressed(page, True)


def test_after_a_cut_it_is_said_again_once(page, notes, server):
    page.click(LIKE)
    mine = notes.got("react")["client_id"]
    notes.kill()
    link = server.link()
    link.greet()
    assert link.got("react")["client_id"] == mine
    link.say({"done": mine})
    link.say(entry(1))
    shows(page, 17, 1)
    link.kill()
    link = server.link()
    link.greet(1)
    link.say(entry(2))
    shows(page, 17, 1, 2)
    assert link.inbox.empty()
    pressed(page, True)


def test_while_away_only_the_last_click_counts(page, notes, server):
    server.refusing = True
    notes.kill()
    for _ in range(3):
        page.click(LIKE)
    pressed(page, True)
    server.refusing = False
    link = server.link()
    link.greet()
    assert link.got("react")["on"] == "1"
    link.say(entry(1))
    shows(page, 17, 1)
    assert link.inbox.empty()


def test_it_survives_a_reload(page, notes, server):
    server.refusing = True
    notes.kill()
    page.click(LIKE)
    page.reload()
    pressed(page, True)
    server.refusing = False
    link = server.link()
    link.greet()
    mine = link.got("react")["client_id"]
    link.say({"failed": mine, "code": "not_allowed", "message": "No."})
    pressed(page, False)


def test_links_that_say_the_same_show_the_same(page, visit):
    twin = link_of().replace('id="like-17"', 'id="twin"')
    visit(stream(noted(link_of(), link_of(reaction="love"), twin) + noted(link_of(18), number=18)))
    page.click(LIKE)
    pressed(page, True, "#twin")
    assert page.locator("[aria-pressed=true]").count() == 2


# What an entry brings is the same for everybody.


def test_what_one_has_pressed_stays_pressed_when_its_line_changes(page, notes):
    page.click(LIKE)
    notes.say({"done": notes.got("react")["client_id"]})
    page.evaluate("() => { window.kept = document.getElementById('message-17') }")
    html = f'<ol hx-swap-oob="beforeend:#messages">{noted()}</ol>'
    notes.say({"stream": "room:1", "seq": 1, "html": html}, entry(2))
    shows(page, 17, 2)
    assert page.evaluate("window.kept.isConnected"), "nothing differed"
    edited = noted().replace("text 17", "edited")
    notes.say({"stream": "room:1", "seq": 3, "html": edited.replace("<li ", '<li hx-swap-oob="true" ')})
    page.wait_for_selector("#message-17 >> text=edited")
    pressed(page, True)
    page.click(LIKE)
    notes.got("react")
    pressed(page, False)


def test_what_is_the_same_for_everybody_is_as_the_entry_says(page, visit):
    def pin(is_pinned):
        return link_of(act="pin", toggle=' data-toggle="all"', pressed=f' aria-pressed="{is_pinned}"')

    link = visit(stream(noted(pin("false"))))
    page.click(LIKE)
    link.say({"done": link.got("pin")["client_id"]})
    for seq, is_pinned in enumerate(["true", "false"], start=1):
        html = noted(pin(is_pinned)).replace("<li ", '<li hx-swap-oob="true" ')
        link.say({"stream": "room:1", "seq": seq, "html": html}, entry(10 + seq))
        pressed(page, is_pinned == "true")


# The link is a link.


def test_without_websockets_it_is_followed(page, server):
    page.add_init_script("delete window.WebSocket")
    server.pages["/room/"] = (200, document(server, stream(noted())))
    server.pages["/notes/17/react/"] = (200, "<h1>the form</h1>")
    page.goto(f"{server.url}/room/")
    page.click(LIKE)
    page.wait_for_selector("text=the form")


def test_where_no_socket_gets_through_it_is_followed(page, server):
    server.refusing = True
    server.pages["/room/"] = (200, document(server, stream(noted())))
    server.pages["/notes/17/react/"] = (200, "<h1>the form</h1>")
    page.goto(f"{server.url}/room/")
    page.wait_for_function("() => window.partyline.socket && !window.partyline.socket.connection.usable")
    page.click(LIKE)
    page.wait_for_selector("text=the form")


def test_who_is_signed_out_is_sent_to_the_page(page, notes, server):
    server.pages["/notes/17/react/"] = (200, "<h1>sign in</h1>")
    notes.close(4401)
    state(page, "refused", "signed out")
    page.click(LIKE)
    page.wait_for_selector("text=sign in")


def test_a_modified_click_is_the_browsers(page, notes, server):
    server.pages["/notes/17/react/"] = (200, "<h1>the form</h1>")
    with page.context.expect_page() as opened:
        page.click(LIKE, modifiers=["Control"])
    opened.value.wait_for_selector("text=the form")
    pressed(page, False)
    assert notes.inbox.empty()


@pytest.mark.parametrize(
    "break_it", ["dataset.fields = '{'", "closest('section').removeAttribute('data-stream')"]
)
def test_what_cannot_be_said_is_followed(page, notes, server, break_it):
    server.pages["/notes/17/react/"] = (200, "<h1>the form</h1>")
    page.evaluate(f"() => {{ document.querySelector('{LIKE}').{break_it} }}")
    page.click(LIKE)
    page.wait_for_selector("text=the form")
