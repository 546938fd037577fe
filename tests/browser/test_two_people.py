"""Two people in two browsers talk with each other through the site."""

import pytest
from playwright.sync_api import expect

from tests.browser.room import enter, said, say
from tests.site import new_name
from tests.stack.visitor import Visitor


def test_two_people_meet(somebody):
    """The whole story, by mouse and keyboard: come in, make a room, talk, reload."""
    alice, bob = new_name("Alice"), new_name("Bob")
    room = new_name("Kitchen")

    # Bob signs up and makes a room.
    his = somebody().new_page()
    his.goto("/")
    his.get_by_role("link", name="Sign up").first.click()
    his.get_by_label("Name").fill(bob)
    his.get_by_label("Password").fill("builds-8-things")
    his.get_by_role("button", name="Sign up").click()
    his.get_by_label("Name").fill(room)
    his.get_by_role("button", name="Make the room").click()
    expect(his.get_by_role("heading", name=room)).to_be_visible()

    # Alice finds it, and comes in as a guest.
    hers = somebody().new_page()
    hers.goto("/")
    hers.get_by_role("link", name=room).click()
    hers.get_by_role("link", name="Join as a guest").click()
    hers.get_by_label("Name").fill(alice)
    hers.get_by_role("button", name="Come in").click()
    expect(hers.get_by_role("heading", name=room)).to_be_visible()

    # Each sees that the other is here.
    for page in (hers, his):
        expect(page.locator("#here .name", has_text=alice)).to_have_count(1)
        expect(page.locator("#here .name", has_text=bob)).to_have_count(1)

    # They talk: every message once on each page, in one order, one's own marked.
    conversation = [(hers, "Hello Bob"), (his, "Hello Alice"), (hers, "How are you?"), (his, "Fine.")]
    for speaker, text in conversation:
        say(speaker, text)
        for page in (hers, his):
            expect(said(page, text)).to_have_count(1)
    texts = [text for _, text in conversation]
    for page in (hers, his):
        expect(page.locator("#messages .text")).to_have_text(texts)
        own = [text for speaker, text in conversation if speaker == page]
        expect(page.locator("#messages > li.own .text")).to_have_text(own)
        expect(page.locator(".pending")).to_have_count(0)

    # A reload keeps the history.
    for page in (hers, his):
        page.reload()
        expect(page.locator("#messages .text")).to_have_text(texts)
    say(hers, "Still here")
    expect(said(his, "Still here")).to_have_count(1)


def test_a_message_is_text_whatever_is_in_it(somebody, alice, bob, room):
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    text = '<img src=x onerror=alert(1)> <b>bold</b> {{ 1 }} & "quotes" \N{PILE OF POO}'
    say(hers, text)
    for page in (hers, his):
        expect(said(page, text)).to_have_count(1)
        expect(page.locator("#messages .text *")).to_have_count(0)


def test_a_burst_arrives_whole_and_in_order(somebody, alice, bob, room):
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    texts = [f"line {number}" for number in range(15)]
    for text in texts:
        say(hers, text)
    for page in (hers, his):
        expect(page.locator("#messages .text")).to_have_text(texts)
        expect(page.locator(".pending")).to_have_count(0)


def test_who_leaves_is_no_longer_here(somebody, alice, bob, room):
    his, hers = enter(somebody(bob), room), enter(somebody(alice), room)
    expect(his.locator("#here .name", has_text=alice.name)).to_have_count(1)
    hers.close()
    expect(his.locator("#here .name", has_text=alice.name)).to_have_count(0)
    expect(his.locator("#here .name", has_text=bob.name)).to_have_count(1)


def test_a_transcript_is_its_askers_alone(somebody, site, alice, bob, room, tmp_path):
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    say(hers, "to be kept")
    expect(said(his, "to be kept")).to_have_count(1)
    other_page_of_hers = enter(hers.context, room)

    hers.get_by_role("button", name="Export this room").click()

    # It is on every page of hers, and so is the link.
    job = hers.locator("#jobs .job")
    link = job.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    expect(other_page_of_hers.locator("#jobs .job a[download]")).to_have_count(1)
    assert other_page_of_hers.evaluate("window.seen")[-1] == "done"
    with hers.expect_download() as download:
        link.click()
    download.value.save_as(tmp_path / "transcript.html")
    transcript = (tmp_path / "transcript.html").read_text()
    assert "to be kept" in transcript and alice.name in transcript

    # Nothing of it on his page, and the file is not there for him, nor for nobody.
    say(hers, "did you see that?")
    expect(said(his, "did you see that?")).to_have_count(1)
    assert his.evaluate("window.seen") == []
    expect(his.locator("#jobs .job")).to_have_count(0)
    address = link.get_attribute("href")
    assert bob.get(address).status == 404
    assert Visitor(site).get(address).status == 302  # to sign in
    assert "to be kept" in alice.get(address).text


def test_signing_out_ends_the_other_pages_too(somebody, site, bob, room):
    context = somebody(Visitor.guest(site, "Alice"))
    page, another = enter(context, room), context.new_page()
    another.goto("/")
    another.get_by_role("button", name="Sign out").click()
    expect(page.locator("#live-state")).to_have_attribute("data-state", "refused")
    expect(page.locator("#live-state")).to_contain_text("Sign in again")
    bob.say(room, "not for her page")
    say(page, "from nobody")
    assert "from nobody" not in bob.get(room).text
    expect(said(page, "not for her page")).to_have_count(0)


def test_without_javascript(somebody, alice, bob, room):
    hers = somebody(alice, java_script_enabled=False).new_page()
    his = enter(somebody(bob), room)
    hers.goto(room)
    hers.get_by_label("Your message").fill("by a plain form")
    hers.get_by_role("button", name="Send").click()
    for page in (hers, his):
        expect(said(page, "by a plain form")).to_have_count(1)
    say(his, "by a socket")
    expect(said(his, "by a socket")).to_have_count(1)
    expect(his.locator(".pending")).to_have_count(0)
    hers.reload()
    expect(said(hers, "by a socket")).to_have_count(1)
    expect(said(hers)).to_have_count(2)


PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
PATHS = ["/", "/people/sign-up/", "/people/sign-in/", "/people/guest/", "/rooms/new/", "/jobs/", "/events/"]


@pytest.mark.parametrize("path", [*PATHS, "/dashboard/", "a room"])
def test_a_phone_needs_no_sideways_scrolling(somebody, bob, room, path):
    bob.say(room, "a-word-without-an-end" * 20)
    page = somebody(bob, **PHONE).new_page()
    page.goto(room if path == "a room" else path)
    wide, high = "document.documentElement.scrollWidth", "window.innerWidth"
    assert page.evaluate(wide) <= page.evaluate(high)


def test_a_phone_has_it_all(somebody, bob, room):
    page = enter(somebody(bob, **PHONE), room)
    say(page, "on the way")
    expect(said(page, "on the way")).to_be_in_viewport()
    page.get_by_text("Room tools").tap()
    page.get_by_role("button", name="Export this room").tap()
    expect(page.get_by_role("link", name="Download")).to_be_in_viewport()
    wide, high = "document.documentElement.scrollWidth", "window.innerWidth"
    assert page.evaluate(wide) <= page.evaluate(high)


def test_no_page_makes_the_console_complain(somebody, bob):
    page = somebody(bob).new_page()
    for path in [*PATHS, "/dashboard/"]:
        assert page.goto(path).status == 200
