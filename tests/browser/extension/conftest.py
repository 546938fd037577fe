"""A real Chromium with htmx and our extension, against a scripted server."""

import pytest

from tests.browser.extension.fake_server import LIMIT, FakeServer, document, stream
from tests.browser.extension.looks import state

QUICK = "Math.random = () => 0.01"  # every jitter at its shortest


@pytest.fixture(scope="package")
def fake():
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def server(fake):
    fake.reset()
    return fake


@pytest.fixture
def page(chromium, server):
    context = chromium.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    context.set_default_timeout(LIMIT * 1000)
    context.add_init_script(QUICK)
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: line.type == "error" and problems.append(line.text))
    yield page
    context.close()
    # That a socket or a fetch failed is what many tests are about; anything else is a fault of ours.
    assert [each for each in problems if "WebSocket" not in each and "Failed to load" not in each] == []


@pytest.fixture
def visit(page, server):
    """Open the room and take its first socket, live unless told otherwise."""

    def visit(body="", head=0, live=True, **page_has):
        server.pages["/room/"] = (200, document(server, body or stream(head=head), **page_has))
        page.goto(f"{server.url}/room/")
        link = server.link()
        if live:
            link.first = link.greet(head)
            state(page, "live")
        return link

    return visit
