"""One Chromium for all browser tests, and people in it, in whose consoles nothing may complain."""

import os
import shutil

import pytest

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
"""


@pytest.fixture(scope="package")
def chromium():
    """One browser; it goes with the last test here, for its event loop is in the way of others."""
    api = pytest.importorskip("playwright.sync_api")
    api.expect.set_options(timeout=LIMIT)
    with api.sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
        if not path and not os.path.exists(playwright.chromium.executable_path):
            pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and CHROMIUM names none")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
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
    """Return a function that opens a browser of somebody's own; `visitor` brings the cookies of a person."""
    contexts, complaints = [], []

    def open_context(visitor=None, **options):
        context = chromium.new_context(base_url=site.origin, ignore_https_errors=True, **options)
        context.set_default_timeout(LIMIT)
        context.add_init_script(WATCH)
        context.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        if visitor:
            pairs = visitor.cookies.items()
            context.add_cookies([{"name": name, "value": value, "url": site.origin} for name, value in pairs])
        contexts.append(context)
        return context

    open_context.complaints = complaints
    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def alice(site):
    return Visitor.guest(site, "Alice")


@pytest.fixture
def bob(site):
    return Visitor.member(site, "Bob")


@pytest.fixture
def room(bob):
    """The path of a public room."""
    return bob.make_room()
