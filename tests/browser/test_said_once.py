"""Who loses the network goes on writing: nothing of it is lost, nothing is doubled, whatever was cut when."""

import pytest
from playwright.sync_api import Error, expect

from tests.browser.room import enter, live, said, say, shows, tells
from tests.site import until
from tests.stack.visitor import texts

THREE = ["one, from the train", "two, in the tunnel", "three, still there"]


@pytest.fixture
def pages(somebody, wire, alice, bob, room):
    """Alice behind a wire that can be cut, and Bob, in one room."""
    alice.wire = wire()
    return enter(somebody(alice, through=alice.wire), room), enter(somebody(bob), room)


def both_show(pages, room, bob, *texts_in_order):
    """Wait until both pages show these messages; so does the database, and a reload changes nothing."""
    for page in pages:
        shows(page, *texts_in_order)
    assert texts(bob.get(room).text) == list(texts_in_order)
    for page in pages:
        page.reload()
        shows(page, *texts_in_order)


def test_a_short_cut_is_not_worth_a_word(pages, room, alice, bob):
    hers, his = pages
    say(hers, "before")
    expect(said(his, "before")).to_have_count(1)
    hers.evaluate("Math.random = () => 0.01")
    alice.wire.count()
    hers.evaluate("window.states = []")
    alice.wire.cut()
    hers.wait_for_function("() => window.states.join() == 'reconnecting,live'")
    assert alice.wire.opened == 1
    say(his, "after")
    both_show(pages, room, bob, "before", "after")


def test_some_seconds_of_trouble_are_told(pages, room, alice, bob):
    hers, his = pages
    alice.wire.cut("sockets")
    tells(hers, "reconnecting", "Reconnecting…")
    say(his, "meanwhile")
    alice.wire.shut = ""
    live(hers)
    expect(hers.locator("#live-state")).to_be_hidden()
    both_show(pages, room, bob, "meanwhile")


@pytest.mark.parametrize("reload", ["no reload", "while offline", "without a socket"])
def test_what_is_written_offline_is_said_once(pages, room, alice, bob, reload):
    hers, his = pages
    hers.context.set_offline(True)
    alice.wire.cut("all", everything=True)
    tells(hers, "offline", "Offline. What you write is sent later.")
    for text in THREE:
        say(hers, text)
    expect(hers.locator(".pending .text")).to_have_text(THREE)
    say(his, "where are you?")
    if reload == "while offline":
        with pytest.raises(Error):
            hers.reload()
    alice.wire.shut = "sockets" if reload == "without a socket" else ""
    hers.context.set_offline(False)
    if reload == "while offline":
        hers.goto(room)
    elif reload == "without a socket":
        hers.reload()
        expect(hers.locator(".pending .text")).to_have_text(THREE)
        alice.wire.shut = ""
    both_show(pages, room, bob, "where are you?", *THREE)


@pytest.mark.parametrize("lost", ["down", "up"])
def test_a_cut_before_the_answer(pages, room, alice, bob, lost):
    """Between COMMIT and `done` (down), or before the site has read it (up)."""
    hers, his = pages
    say(hers, "zero")
    expect(said(his, "zero")).to_have_count(1)
    alice.wire.deaf = lost
    say(hers, "one")
    if lost == "down":
        expect(said(his, "one")).to_have_count(1)
    expect(hers.locator(".pending")).to_have_count(1)
    alice.wire.cut("all", everything=True)
    say(hers, "two")
    alice.wire.deaf = alice.wire.shut = ""
    both_show(pages, room, bob, "zero", "one", "two")


def test_cut_again_and_again_while_both_talk(pages, room, alice, bob):
    hers, his = pages
    hers.evaluate("Math.random = () => 0.05")
    for number in range(12):
        say(hers, f"hers {number}")
        bob.say(room, f"his {number}")
        if number % 3 == 0:
            alice.wire.deaf = ("down", "up")[number % 2]
        if number % 3 == 1:
            alice.wire.cut()
            alice.wire.deaf = ""
    for who in ("hers", "his"):
        for number in range(12):
            for page in pages:
                expect(said(page, f"{who} {number}")).to_have_count(1)
    rows = until(lambda: len(found := texts(bob.get(room).text)) == 24 and found, "24 rows")
    assert [text for text in rows if "hers" in text] == [f"hers {number}" for number in range(12)]
    both_show(pages, room, bob, *rows)
