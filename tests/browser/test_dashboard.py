"""Both dashboards on a wall: they follow by themselves, hold still when told to, and nothing moves."""

import contextlib
import re

import pytest
from playwright.sync_api import expect

from tests.browser.axe import violations
from tests.browser.test_stopped import operator  # noqa: F401 - a fixture
from tests.site import until

SITE, STACK = "/dashboard/", "/dashboard/stack/"
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map((each) => each.value)))
  .observe({type: 'layout-shift'});
"""
DRAWN = "document.querySelector('[data-updated] time')?.getAttribute('datetime')"


@pytest.fixture
def wall(somebody):
    """Return a function that opens a dashboard, and waits until it is live."""

    def open_page(path, visitor=None, **options):
        page = somebody(visitor, **options).new_page()
        page.add_init_script(SHIFTS)
        page.goto(path)
        page.locator('#live-state[data-state="live"]').wait_for(state="attached")
        drawn_anew(page)
        return page

    return open_page


def drawn_anew(page, times=1):
    for _ in range(times):
        page.wait_for_function(f"(before) => {DRAWN} !== before", arg=page.evaluate(DRAWN))


def gauge(page, label):
    """Return the number of that label, as a locator."""
    return page.locator(".gauges > div").filter(has=page.get_by_text(label, exact=True)).locator("strong")


def sockets(page):
    return page.locator('[data-gauge="sockets"] strong')


@contextlib.contextmanager
def counted(number, come):
    """Three pages more make four at least, and without them there are fewer again.

    One more is not one more at once: pages of the test before may be counted still, and go meanwhile.
    """
    pages = [come() for _ in range(3)]
    until(lambda: int(number.inner_text().replace(",", "")) >= 4, "who comes is counted")
    yield
    for page in pages:
        page.close()
    until(lambda: int(number.inner_text().replace(",", "")) < 4, "who goes is not counted any more")


def test_everybody_sees_who_comes(wall, alice):
    page = wall(SITE)
    with counted(gauge(page, "Pages open"), lambda: wall(SITE, alice)):
        expect(gauge(page, "People here")).not_to_have_text("0")
    expect(page.get_by_role("img", name=re.compile("^People here, last 10 minutes"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"Updated \d+ s ago|Updated just now"))).to_be_visible()


def test_operators_see_every_process(wall, operator, alice):  # noqa: F811
    page = wall(STACK, operator)
    for service in ("web", "ws", "worker"):
        row = page.locator(f'[data-process^="{service} "]').first
        expect(row).to_contain_text("serving")
    with counted(sockets(page), lambda: wall(SITE, alice)):
        pass


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_moves_when_a_number_changes(wall, operator, width):  # noqa: F811
    page = wall(STACK, operator, viewport={"width": width, "height": 800})
    page.evaluate("shifts.length = 0")  # from here on; the page itself may settle first
    drawn_anew(page, 3)
    assert page.evaluate("shifts") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_paused_wall_holds_still(wall, operator, alice):  # noqa: F811
    page = wall(STACK, operator)
    page.get_by_role("button", name="Pause").click()
    held = page.evaluate(DRAWN), sockets(page).inner_text()
    other = wall(STACK, operator)  # another wall, which goes on
    drawn_anew(other, 2)
    assert (page.evaluate(DRAWN), sockets(page).inner_text()) == held
    page.get_by_role("button", name=re.compile("^Resume")).click()
    expect(sockets(page)).not_to_have_text(held[1])


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [SITE, STACK])
def test_axe_finds_nothing(wall, operator, path, scheme, width):  # noqa: F811
    page = wall(path, operator, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert violations(page) == []


def test_outsiders_see_no_way_in(wall, alice, somebody):
    page = wall(SITE, alice)
    expect(page.get_by_role("link", name="The stack")).to_have_count(0)
    answer = somebody(alice).request.get(STACK, max_redirects=0)
    assert answer.status == 404
