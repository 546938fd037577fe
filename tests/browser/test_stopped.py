"""A page whose right to be live has ended says so in words, stops, and does not come back by itself."""

import os
import sys

import pytest
from playwright.sync_api import expect

from tests.browser.room import SOCKET, enter, said, say, tells
from tests.site import new_name, until
from tests.stack.control import run, stack_of
from tests.stack.visitor import Visitor, came_in, key_of

PASSWORD = "an-operator-has-8"


@pytest.fixture(scope="module")
def operator(site):
    """Somebody who may use /admin/ of a site that is ours."""
    if not site.mode:
        pytest.skip("needs an operator: the site is somebody else's")
    visitor = Visitor(site)
    visitor.name = new_name("Operator")
    names = {"USERNAME": visitor.name, "PASSWORD": PASSWORD, "EMAIL": ""}
    named = {f"DJANGO_SUPERUSER_{name}": value for name, value in names.items()}
    if site.mode == "one process":
        named |= {"DATABASE_URL": f"sqlite:///{site.log.parent}/site.sqlite3", "REDIS_URL": ""}
        named |= {"DJANGO_SETTINGS_MODULE": "partyline.settings", "DEBUG": "true"}
        run(sys.executable, "manage.py", "createsuperuser", "--noinput", env=os.environ | named)
    else:
        run("make", "admin", env=stack_of(site).env | named)
    came_in(visitor.post("/people/sign-in/", username=visitor.name, password=PASSWORD))
    return visitor


@pytest.fixture
def alice(site):
    """Somebody for one test: what is taken from her does not come back."""
    return Visitor.guest(site, "Alice")


def stays_away(page, line, words):
    """Wait until the page says why it stopped; neither words nor a wake of the network bring it back."""
    tells(page, "refused", words)
    until(lambda: line.open == 0, "the socket is closed")
    assert page.evaluate(f"Object.keys({SOCKET}.connection.timers)") == []
    line.count()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    say(page, "hello?")
    message = page.get_by_label("Your message")
    assert words in message.evaluate("(field) => field.validationMessage")
    expect(message).to_have_value("hello?")
    expect(page.locator(".pending, .failed")).to_have_count(0)
    assert line.opened == 0


def test_signed_out(somebody, wire, alice, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    alice.post("/people/sign-out/")
    stays_away(page, line, "You are signed out. Sign in again")


def test_banned_by_an_operator(somebody, wire, operator, alice, bob, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    number = page.evaluate("document.body.dataset.person")
    desk = somebody(operator).new_page()
    desk.goto(f"/admin/people/person/{number}/change/")
    desk.get_by_label("Active").uncheck()
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.locator(".messagelist .success")).to_be_visible()
    stays_away(page, line, "You may not take part here.")
    bob.say(room, "who is missing?")
    expect(said(page, "who is missing?")).to_have_count(0)
    # Django's admin names no icon, and the browser looks for one.
    somebody.complaints[:] = [line for line in somebody.complaints if "404" not in line]


def test_too_much_at_once(somebody, wire, alice, room):
    line = wire()
    page = enter(somebody(alice, through=line), room)
    page.evaluate(
        f"() => {{ for (let n = 0; n < 200; n += 1) {SOCKET}.connection.current.ws.send('{{}}'); }}"
    )
    stays_away(page, line, "That was too much at once.")


def test_taken_out_of_a_private_room(somebody, wire, site, bob):
    alice = Visitor.member(site, "Alice")
    room = bob.make_room(private=True)
    bob.post(f"{room}invite/", name=alice.name)
    line = wire()
    hers, his = enter(somebody(alice, through=line), room), enter(somebody(bob), room)
    say(his, "welcome")
    expect(said(hers, "welcome")).to_have_count(1)
    his.get_by_role("button", name=f"Take {alice.name} out").click()
    expect(his.get_by_text(f"{alice.name} may not enter any more.")).to_be_visible()
    tells(hers, "refused", "no longer open to you")
    bob.say(room, "between us")
    say(hers, "am I still here?")
    expect(hers.locator(".failed [data-reason]")).to_have_text("You may not speak here.")
    line.cut()
    until(lambda: line.open == 1, "it is still signed in, and asks again")
    tells(hers, "refused", "no longer open to you")
    expect(said(hers, "between us")).to_have_count(0)
    assert "am I still here?" not in bob.get(room).text
    assert hers.reload().status == 404


def test_the_room_is_deleted(somebody, operator, alice, bob, room):
    hers = enter(somebody(alice), room)
    say(hers, "the last word")
    expect(said(hers, "the last word")).to_have_count(1)
    number = key_of(room).removeprefix("room:")
    assert operator.post(f"/admin/rooms/room/{number}/delete/", post="yes").status == 302
    tells(hers, "refused", "no longer open to you")
    say(hers, "anybody?")
    expect(hers.locator(".failed [data-reason]")).to_have_text("You may not speak here.")
