"""A commentator and two readers, one of them signed out, follow an event in three browsers."""

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.room import enter, tells
from tests.site import new_name

FIRST = ".note:not(.pending) >> nth=0"
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
  .observe({type: 'layout-shift', buffered: true});
"""


@pytest.fixture
def event(bob):
    """The path of an event that Bob comments on."""
    answer = bob.post("/events/", title=new_name("Final"), starts="")
    assert answer.status == 302, answer.text
    return answer.headers["Location"]


@pytest.fixture
def told(somebody, event, alice, bob):
    """Return the pages of Bob, of Alice, and of somebody who is signed out."""
    return [enter(somebody(person), event) for person in (bob, alice, None)]


def tell(page, text):
    """Publish an update, and see it."""
    page.get_by_label("What is happening?").fill(text)
    page.get_by_label("What is happening?").press("Enter")
    expect(page.locator(FIRST)).to_contain_text(text)


def deed(page, name):
    """Press one of the newest update's tools."""
    page.locator(FIRST).locator(".deeds a", has_text=name).click()


def focused(page, selector):
    expect(page.locator(selector)).to_be_focused()


def test_what_happens_is_on_every_page(told):
    his, hers, theirs = told
    for text in ("Kick-off!", "Gaol!"):
        tell(his, text)
    for page in told:
        expect(page.locator(".note .text")).to_have_text(["Gaol!", "Kick-off!"])
    expect(his.locator(FIRST).locator(".deeds")).to_be_visible()
    for page in (hers, theirs):
        expect(page.locator(".deeds:visible, .composing")).to_have_count(0)

    # He mends it where it stands, by keyboard, and is where he was; also where the entry comes before htmx
    # has settled what his form brought.
    his.evaluate("htmx.config.defaultSettleDelay = 2000")
    his.locator(FIRST).locator(".deeds a", has_text="Edit").focus()
    his.keyboard.press("Enter")
    focused(his, ".editor textarea")
    his.keyboard.press("ControlOrMeta+a")
    his.keyboard.type("Goal!")
    his.keyboard.press("Tab")
    his.keyboard.press("Enter")
    expect(his.locator(".editor")).to_have_count(0)
    focused(his, f"{FIRST} >> .deeds a >> nth=0")
    his.evaluate("htmx.config.defaultSettleDelay = 20")
    for page in told:
        expect(page.locator(FIRST)).to_contain_text("Goal!")
        expect(page.locator(FIRST)).to_contain_text("edited")

    # It is a key moment, and pinned.
    deed(his, "Key moment")
    deed(his, "Pin")
    for page in told:
        expect(page.locator("#key-moments")).to_contain_text("Goal!")
        expect(page.locator("#pinned")).to_contain_text("Goal!")
    theirs.get_by_label("Key moments only").check()
    expect(theirs.locator(".note:visible")).to_have_count(1)
    theirs.get_by_label("Key moments only").uncheck()
    expect(theirs.locator(".note:visible")).to_have_count(2)

    # It goes again, when he is sure.
    deed(his, "Remove")
    his.get_by_role("link", name="Cancel").click()
    expect(his.locator(".editor")).to_have_count(0)
    deed(his, "Remove")
    his.locator(".editor").get_by_role("button", name="Remove").click()
    expect(his.locator(".divider")).to_be_focused()
    for page in told:
        expect(page.locator(".note:visible .text")).to_have_text(["Kick-off!"])
        expect(page.locator("#pinned, #key-moments")).to_have_text(["", ""])


def test_what_comes_after_a_removal_is_seen(told):
    his, hers, _ = told
    for text in ("Kick-off!", "Off-side."):
        tell(his, text)
    his.locator(FIRST).locator(".deeds a", has_text="Remove").dblclick()
    expect(his.locator(".editor")).to_have_count(1)
    expect(his.locator(FIRST)).to_contain_text("Off-side.")  # one sees what one removes
    his.locator(".editor").get_by_role("button", name="Remove").click()
    expect(his.locator(".divider")).to_be_focused()
    tell(his, "Goal!")
    for page in told:
        expect(page.locator(".note:visible .text")).to_have_text(["Goal!", "Kick-off!"])


def test_an_editor_goes_with_its_note(told, somebody, event, bob):
    his, *_ = told
    for text in ("Kick-off!", "Off-side.", "Goal!"):
        tell(his, text)
    other = enter(somebody(bob), event)
    off_side = ".note:has-text('Off-side.') .deeds a"
    other.locator(off_side, has_text="Edit").click()
    expect(other.locator(".editor")).to_have_count(1)
    his.locator(off_side, has_text="Remove").click()
    his.locator(".editor").get_by_role("button", name="Remove").click()
    expect(other.locator(".editor")).to_have_count(0)
    expect(other.locator(".note:visible .text")).to_have_text(["Goal!", "Kick-off!"])


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_it_loads(somebody, event, bob, width):
    page = enter(somebody(bob), event)
    tell(page, "Goal!")
    deed(page, "Key moment")
    expect(page.locator("#key-moments")).to_contain_text("Goal!")
    page = somebody(bob, viewport={"width": width, "height": 800}, timezone_id="Asia/Tokyo").new_page()
    page.add_init_script(SHIFTS)
    for path in (event, "/events/"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert sum(page.evaluate("shifts")) < 0.01, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(somebody, event, bob, scheme, width):
    page = enter(somebody(bob, color_scheme=scheme, viewport={"width": width, "height": 800}), event)
    tell(page, "Goal!")
    for name, where in (("Key moment", "#key-moments"), ("Pin", "#pinned")):
        deed(page, name)
        expect(page.locator(where)).to_contain_text("Goal!")
    deed(page, "Edit")
    expect(page.locator(".editor")).to_have_count(1)
    for path in ("", event, f"{event}?only=key", f"{event}settings/", f"{event}feeds/", "/events/"):
        if path:
            page.goto(path)
        assert violations(page) == [], path


def test_who_reads_reacts(told):
    his, hers, theirs = told
    tell(his, "Goal!")
    hers.locator(f"{FIRST} >> .love").click()
    for page in told:
        expect(page.locator(f"{FIRST} >> .love")).to_contain_text("1")
    expect(hers.locator(f"{FIRST} >> .love")).to_have_attribute("aria-pressed", "true")
    expect(his.locator(f"{FIRST} >> .love")).to_have_attribute("aria-pressed", "false")
    hers.locator(f"{FIRST} >> .love").click()
    for page in told:
        expect(page.locator(f"{FIRST} >> .love")).not_to_contain_text("1")
    theirs.locator(f"{FIRST} >> .like").click()
    tells(theirs, "live", "Sign in to react")
    expect(theirs.locator(f"{FIRST} >> .like")).to_have_attribute("aria-pressed", "false")


def test_who_reads_further_down_is_not_moved(told):
    his, hers, _ = told
    for number in range(12):
        tell(his, f"Update {number}")
    expect(hers.locator(FIRST)).to_contain_text("Update 11")
    hers.get_by_text("Update 2", exact=True).scroll_into_view_if_needed()
    hers.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    where = hers.get_by_text("Update 1", exact=True).bounding_box()
    tell(his, "Update 12")
    expect(hers.get_by_role("button", name="1 new update")).to_be_visible()
    assert hers.get_by_text("Update 1", exact=True).bounding_box() == where
    hers.get_by_role("button", name="1 new update").click()
    expect(hers.get_by_text("Update 12", exact=True)).to_be_in_viewport()


def test_the_audience_talks_beside_it(told):
    his, hers, theirs = told
    hers.locator(".audience").get_by_label("Your message").fill("What a goal!")
    hers.locator(".audience").get_by_label("Your message").press("Enter")
    for page in told:
        expect(page.locator(".audience .messages .text")).to_have_text(["What a goal!"])
    expect(theirs.locator(".audience").get_by_role("link", name="Sign in")).to_be_visible()


def test_after_the_end_it_is_an_archive(told, event):
    his, hers, theirs = told
    tell(his, "It is over.")
    his.get_by_role("link", name="Settings").click()
    his.get_by_role("button", name="End the event").click()
    expect(his.locator("body[ws-connect]")).to_have_count(0)
    expect(his.locator(".note .text")).to_have_text(["It is over."])
    for page in (hers, theirs):  # those that are open say so, too
        expect(page.locator("#status")).to_contain_text("Ended")


def test_without_javascript(somebody, event, bob, alice):
    his = somebody(bob, java_script_enabled=False).new_page()
    his.goto(event)
    his.get_by_label("What is happening?").fill("Gaol!")
    his.get_by_role("button", name="Publish").click()
    hers = somebody(alice, java_script_enabled=False).new_page()
    hers.goto(event)
    expect(hers.locator(".note .text")).to_have_text(["Gaol!"])
    hers.locator(".feel.wow").click()
    hers.get_by_role("button", name="Wow").click()
    expect(hers.locator(".feel.wow")).to_contain_text("1")
    hers.get_by_label("Key moments only").check()
    hers.get_by_role("button", name="Show").click()
    expect(hers.locator(".note")).to_have_count(0)
    hers.goto(event)
    hers.get_by_role("link", name="Open the audience’s room").click()
    expect(hers.get_by_label("Your message")).to_be_visible()
