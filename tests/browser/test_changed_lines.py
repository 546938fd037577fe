"""A message that is changed or removed is so on every page: those that are open, come back, or load later."""

from playwright.sync_api import expect

from tests.browser.room import enter, number_of, said, say, send, shows
from tests.site import until
from tests.stack.visitor import Visitor, key_of, texts


def test_an_edit_is_shown_in_place(somebody, alice, bob, room):
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    for text in ("first", "a tpyo", "last"):
        say(hers, text)
        expect(said(his, text)).to_have_count(1)
    send(hers, "edit", key_of(room), message=number_of(his, "a tpyo"), text="a typo")
    for page in (hers, his):
        shows(page, "first", "a typo", "last")
        expect(page.locator("#messages .edited")).to_have_text(["edited"])
        expect(said(page, "a typo").locator(".edited")).to_be_visible()
    expect(hers.locator("#messages > .own")).to_have_count(3)
    expect(his.locator("#messages > .own")).to_have_count(0)
    later = enter(somebody(bob), room)
    shows(later, "first", "a typo", "last")
    expect(later.locator("#messages .edited")).to_have_count(1)


def test_a_removed_line_goes(somebody, alice, bob, room):
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    for text in ("stays", "regretted", "stays too"):
        say(hers, text)
        expect(said(his, text)).to_have_count(1)
    send(his, "remove", key_of(room), message=number_of(his, "regretted"))  # it is his room
    for page in (hers, his):
        shows(page, "stays", "stays too")
        page.reload()
        shows(page, "stays", "stays too")
    assert "regretted" not in his.content()


def test_who_comes_back_sees_it_as_it_is_now(somebody, wire, alice, bob, room):
    line = wire()
    hers, his = enter(somebody(alice, through=line), room), enter(somebody(bob), room)
    for text in ("old", "to go"):
        say(his, text)
        expect(said(hers, text)).to_have_count(1)
    line.cut("sockets")
    for text in ("written while she is away", "and removed"):
        say(his, text)
        expect(said(his, text)).to_have_count(1)
    send(his, "edit", key_of(room), message=number_of(his, "old"), text="new")
    send(his, "remove", key_of(room), message=number_of(his, "to go"))
    send(his, "edit", key_of(room), message=number_of(his, "written while she is away"), text="changed")
    send(his, "remove", key_of(room), message=number_of(his, "and removed"))
    shows(his, "new", "changed")
    line.shut = ""
    shows(hers, "new", "changed")
    expect(hers.locator("#messages .edited")).to_have_count(2)
    assert hers.locator("#messages > li").evaluate_all("all => all.map((each) => each.id)") == his.locator(
        "#messages > li"
    ).evaluate_all("all => all.map((each) => each.id)")


def test_a_change_of_what_the_page_does_not_show(somebody, alice, bob, room):
    his = enter(somebody(bob), room)
    say(his, "long ago")
    shows(his, "long ago")
    number = number_of(his, "long ago")
    for count in range(51):  # a page shows the last fifty
        until(lambda count=count: bob.say(room, f"line {count}").status == 302, "not too fast")
    hers = enter(somebody(alice), room)
    expect(said(hers, "long ago")).to_have_count(0)
    expect(said(hers, "line 50")).to_have_count(1)
    before = hers.inner_html("#messages")
    send(his, "edit", key_of(room), message=number, text="long, long ago")
    expect(said(his, "long, long ago")).to_have_count(1)
    send(his, "remove", key_of(room), message=number)
    expect(said(his, "long, long ago")).to_have_count(0)
    say(his, "that was that")
    expect(said(hers, "that was that")).to_have_count(1)
    assert hers.inner_html("#messages").startswith(before.rstrip())
    expect(said(hers)).to_have_count(51)


def test_a_reader_of_old_lines_is_not_moved(somebody, alice, bob, room):
    for count in range(40):
        until(lambda count=count: bob.say(room, f"line {count}").status == 302, "not too fast")
    hers, his = enter(somebody(alice), room), enter(somebody(bob), room)
    top = "(line) => line.getBoundingClientRect().top"
    reading = said(hers, "line 20")
    reading.evaluate("(line) => line.scrollIntoView({block: 'start', behavior: 'instant'})")
    hers.wait_for_function(
        "() => { const box = document.querySelector('.scroll');"
        " return box.scrollHeight - box.scrollTop - box.clientHeight > 100; }"
    )
    before = reading.evaluate(top)
    send(his, "edit", key_of(room), message=number_of(his, "line 5"), text="line 5\n" * 30 + "the end")
    expect(hers.locator("#messages .edited")).to_have_count(1)
    send(his, "remove", key_of(room), message=number_of(his, "line 6"))
    expect(said(hers, "line 6")).to_have_count(0)
    assert abs(reading.evaluate(top) - before) < 2
    expect(hers.locator("[data-new-count]")).to_be_hidden()


def test_an_unanswered_message_that_was_removed_does_not_stay(somebody, wire, alice, bob, room):
    line = wire()
    hers, his = enter(somebody(alice, through=line), room), enter(somebody(bob), room)
    line.deaf = "down"
    for text in ("gone before she knew", "this one stays"):
        say(hers, text)
        expect(said(his, text)).to_have_count(1)
    send(his, "remove", key_of(room), message=number_of(his, "gone before she knew"))
    expect(said(his, "gone before she knew")).to_have_count(0)
    expect(hers.locator(".pending")).to_have_count(2)
    line.cut("all", everything=True)
    line.deaf = line.shut = ""
    shows(hers, "this one stays")
    assert texts(bob.get(room).text) == ["this one stays"]


def test_nor_after_a_reload(somebody, wire, alice, bob, room):
    line = wire()
    hers, his = enter(somebody(alice, through=line), room), enter(somebody(bob), room)
    line.deaf = "down"
    say(hers, "gone before she knew")
    expect(said(his, "gone before she knew")).to_have_count(1)
    send(his, "remove", key_of(room), message=number_of(his, "gone before she knew"))
    expect(said(his, "gone before she knew")).to_have_count(0)
    hers.clock.install()
    line.cut()
    line.deaf = ""
    hers.reload()  # the page's head is behind the entry, which will not come again
    expect(hers.locator("#live-state")).to_have_attribute("data-state", "live")
    until(lambda: hers.clock.run_for(10_000) or not hers.locator(".pending").count(), "the line goes", 60)
    assert texts(bob.get(room).text) == []


def test_only_ones_own_can_be_changed(somebody, alice, bob, room, site):
    charlie = Visitor.member(site, "Charlie")
    hers, theirs = enter(somebody(alice), room), enter(somebody(charlie), room)
    say(hers, "hers")
    expect(said(theirs, "hers")).to_have_count(1)
    number = number_of(theirs, "hers")
    send(theirs, "edit", key_of(room), message=number, text="his now")
    expect(theirs.locator("#live-state")).to_have_text("Only its author may change a message.")
    send(theirs, "remove", key_of(room), message=number)
    expect(theirs.locator("#live-state")).to_have_text(
        "Only its author and the room's owner may remove a message."
    )
    shows(hers, "hers")
    assert texts(bob.get(room).text) == ["hers"]
