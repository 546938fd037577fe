"""One Chromium for all browser tests, and people in it, in whose consoles nothing may complain."""

import os
import re
import shutil
from functools import partial

import pytest

from tests.browser.wire import Wire
from tests.site import NEEDS_STACK, running
from tests.stack.control import stack_of
from tests.stack.visitor import Visitor

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LIMIT = 20_000  # milliseconds that anything may take to show
# What the page shows for a moment only is kept here, for a test that asks later.
WATCH = """
window.seen = [];
addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective}`));
new MutationObserver(() => document.querySelectorAll('#jobs .job').forEach((job) => {
  const text = `${job.dataset.status} ${job.querySelector('progress') ? 'progress' : ''}`.trim();
  if (!window.seen.includes(text)) window.seen.push(text);
})).observe(document, {childList: true, subtree: true});
window.states = [];
new MutationObserver(() => {
  const line = document.getElementById('live-state');
  const now = line ? [line.dataset.state || '', line.hidden ? '' : line.textContent].join(' ').trim() : '';
  if (now !== (window.states[window.states.length - 1] || '')) window.states.push(now);
}).observe(document, {childList: true, subtree: true, attributeFilter: ['data-state', 'hidden']});
"""


@pytest.fixture(scope="package")
def launch():
    """Return a function that starts a browser; it goes with the last test here, as its event loop must."""
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=LIMIT)
    with api.sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if not path and not os.path.exists(playwright.chromium.executable_path):
            pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and CHROMIUM names none")
        yield partial(playwright.chromium.launch, executable_path=path, args=["--no-sandbox"])


@pytest.fixture(scope="package")
def chromium(launch):
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def site():
    return running()


@pytest.fixture(scope="session")
def stack(site):
    """The hands on a stack of several processes."""
    if site.mode not in ("containers", "native"):
        pytest.skip(NEEDS_STACK)
    return stack_of(site)


@pytest.fixture
def somebody(chromium, site):
    """Return a function that opens a browser of somebody's own; `visitor` brings the cookies of a person.

    `through` is the Wire to the site: of what becomes of its connections the browser may complain.
    """
    contexts, complaints = [], []

    def complain(text, through):
        if not (through and re.search("WebSocket connection to|Failed to load resource", text)):
            complaints.append(text)

    def open_context(visitor=None, through=None, browser=chromium, **options):
        origin = (through or site).origin
        context = browser.new_context(base_url=origin, ignore_https_errors=True, **options)
        context.set_default_timeout(LIMIT)
        context.add_init_script(WATCH)
        context.on("console", lambda line: line.type == "error" and complain(line.text, through))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        if visitor:
            pairs = visitor.cookies.items()
            context.add_cookies([{"name": name, "value": value, "url": origin} for name, value in pairs])
        contexts.append(context)
        return context

    open_context.complaints = complaints
    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def alice(site):
    return Visitor.guest(site, "Alice")


@pytest.fixture(scope="module")
def bob(site):
    return Visitor.member(site, "Bob")


@pytest.fixture
def room(bob):
    """The path of a public room."""
    return bob.make_room()


@pytest.fixture
def wire(site):
    """Return a function that lays a line to the site, for one browser."""
    wires = []

    def lay():
        wires.append(Wire(site))
        return wires[-1]

    yield lay
    for each in wires:
        each.close()
