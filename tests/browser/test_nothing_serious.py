"""axe-core finds nothing serious on any page, for whoever looks, narrow and dark or wide and light."""

import re
import uuid

import pytest

from tests.browser.axe import violations
from tests.site import new_name
from tests.stack.visitor import Visitor, came_in

LOOKS = {
    "narrow and dark": {"color_scheme": "dark", "viewport": {"width": 360, "height": 800}},
    "wide and light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
}
SIGNED_OUT = {"/people/sign-in/", "/people/sign-up/", "/people/guest/"}


@pytest.fixture(scope="module")
def carol(site):
    """Who made all that the pages show."""
    if site.mode != "one process":
        pytest.skip("the pages are the same everywhere: they are looked at in one process")
    return Visitor.member(site, "Carol")


@pytest.fixture(scope="module")
def paths(carol):
    """The paths of every page, each with something on it."""
    room = carol.make_room()
    for text in ("First words", "Second words, and https://example.org/"):
        carol.say(room, text)
    private = carol.make_room(private=True)
    came_in(carol.post(f"{room}transcript/"))
    job = re.search(r'href="(/jobs/[0-9a-f-]{36}/)"', carol.get("/jobs/").text)[1]
    live, over = (make_event(carol, title) for title in ("Final", "Semi-final"))
    note = re.search(r'id="note-(\d+)"', carol.get(live).text)[1]
    here = f"{live}notes/{note}/"
    came_in(carol.post(f"{here}react/", reaction="like", on="1", client_id=uuid.uuid4()))
    for deed in ("key", "pin"):
        came_in(carol.post(f"{here}{deed}/", on="1", client_id=uuid.uuid4()))
    came_in(carol.post(f"{over}end/"))
    return [
        *("/", room, private, "/rooms/new/", "/jobs/", job, "/dashboard/", "/people/me/", "/nowhere/"),
        *("/events/", live, f"{live}?only=key", over, f"{live}settings/", f"{live}feeds/", here),
        *(f"{here}{deed}/" for deed in ("edit", "remove", "react", "key", "pin")),
        *SIGNED_OUT,
    ]


def make_event(visitor, title):
    answer = visitor.post("/events/", title=new_name(title), starts="")
    came_in(answer)
    path = answer.headers["Location"]
    for text in ("They are coming out.", "Goal!"):
        came_in(visitor.post(f"{path}note/", text=text, client_id=uuid.uuid4()))
    return path


def serious(page):
    """Return what axe finds on a page that is at all bad for somebody."""
    return violations(page, "serious", "critical")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("who", ["Carol", "somebody"])
def test_axe_finds_nothing_serious(site, somebody, carol, paths, look, who):
    page = somebody(carol if who == "Carol" else None, **LOOKS[look]).new_page()
    complaints = {}
    for path in paths:
        if who == "Carol" and path in SIGNED_OUT:
            continue
        page.goto(path)
        if page.url.split("?")[0] != f"{site.origin}{path}".split("?")[0]:
            assert who != "Carol", f"{path} led her to {page.url}"
            continue  # to sign in, which is looked at by itself
        if page.locator("[ws-connect]").count():
            page.locator('#live-state[data-state="live"]').wait_for(state="attached")
        if found := serious(page):
            complaints[path] = found
    somebody.complaints[:] = [each for each in somebody.complaints if "404" not in each]  # /nowhere/ is one
    assert complaints == {}


def test_it_would_find_something(carol, somebody):
    page = somebody().new_page()
    page.goto("/")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<button></button>')")
    assert [rule for rule, _ in serious(page)] == ["button-name"]
