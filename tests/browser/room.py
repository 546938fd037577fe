"""What people do in a room, and what they see there."""

import re

from playwright.sync_api import expect

# The page's one socket, as htmx holds it.
SOCKET = "htmx.createWebSocket(`ws${location.protocol.slice(4)}//${location.host}/ws/live/`)"


def say(page, text):
    """Type it and press Enter."""
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def send(page, type, stream, **fields):
    """Send a frame that no form of the page sends, over the page's own socket."""
    frame = {"type": type, "stream": stream, **{name: str(value) for name, value in fields.items()}}
    page.evaluate(f"(frame) => {SOCKET}.send(JSON.stringify(frame))", frame)


def hear(page, text):
    """Let the page hear a frame, as if the server had sent it."""
    page.evaluate(f"(text) => {{ const link = {SOCKET}.connection; link.hear(link.current, text); }}", text)


def said(page, text=None):
    """Return the lines that were said, or those of exactly this text; what is still pending is none."""
    lines = page.locator("#messages > li.message:not(.pending, .failed)")
    if text is None:
        return lines
    return lines.filter(has=page.locator(".text", has_text=re.compile(f"^{re.escape(text)}$")))


def number_of(page, text):
    """Return the number of the message with this text."""
    return int(said(page, text).get_attribute("id").removeprefix("message-"))


def shows(page, *texts):
    """Wait until the page shows exactly these messages, in this order, none of them pending or failed."""
    expect(page.locator("#messages .text")).to_have_text(list(texts))
    expect(page.locator(".pending, .failed")).to_have_count(0)


def live(page):
    """Wait until the page's socket is live."""
    expect(page.locator("#live-state")).to_have_attribute("data-state", "live")


def tells(page, state, words):
    """Wait until the state line says so, for people to read."""
    line = page.locator("#live-state")
    expect(line).to_have_attribute("data-state", state)
    expect(line).to_be_visible()
    expect(line).to_contain_text(words)


def enter(context, path):
    """Open a room and wait until its socket is live."""
    page = context.new_page()
    page.goto(path)
    live(page)
    return page
