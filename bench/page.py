"""What a page shows of a stream: the lines that HTML from the server adds, changes and removes."""

import functools
from html.parser import HTMLParser
from typing import NamedTuple

LIST = "#messages"  # where a room's lines stand
LINE = "message-"  # and what their ids begin with
INSERTS = ("beforebegin", "afterbegin", "beforeend", "afterend")
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Swap(NamedTuple):
    """One out-of-band change: htmx's style, the selector it is for, and the ids of the lines in it."""

    style: str
    target: str
    ids: list


class Parsed(NamedTuple):
    """HTML from the server: its swaps, its lines {id: text}, its streams {key: the element's attributes}."""

    swaps: list
    lines: dict
    streams: dict


@functools.lru_cache(maxsize=4096)  # everybody is sent the same bytes
def parse(html):
    """Return what the HTML holds."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Parsed(reader.swaps, {key: text.strip() for key, text in reader.lines.items()}, reader.streams)


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.swaps, self.lines, self.streams = [], [], {}, {}

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        id = attributes.get("id") or ""
        outer = self.open[-1] if self.open else (None, None, False)
        line = outer[1]
        if id.startswith(LINE):
            line = id
            self.lines.setdefault(id, "")
        if key := attributes.get("data-stream"):
            self.streams[key] = attributes
        if (oob := attributes.get("hx-swap-oob")) and not self.open:
            style, _, selector = oob.partition(":")
            self.swaps.append(Swap("outerHTML" if style == "true" else style, selector or f"#{id}", []))
        if line == id and self.swaps:
            self.swaps[-1].ids.append(id)
        if tag not in VOID:
            self.open.append((tag, line, "text" in (attributes.get("class") or "").split() or outer[2]))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1][1] and self.open[-1][2]:
            self.lines[self.open[-1][1]] += data


def apply(html, shown):
    """Make the changes of an entry's HTML on `shown`, {number of a line: text} in the page's order.

    As in the browser: an id that is shown is replaced in its place, never added; a missing target is ignored.
    """
    parsed = parse(html)
    for swap in parsed.swaps:
        number = number_of(swap.target[1:])
        if swap.style in INSERTS and swap.target == LIST:
            shown |= {number_of(id): parsed.lines[id] for id in swap.ids}
        elif number in shown and swap.style == "delete":
            del shown[number]
        elif number in shown and swap.style == "outerHTML":
            shown[number] = parsed.lines[swap.target[1:]]


def number_of(id):
    """Return the number in a line's id, or None."""
    return int(id[len(LINE) :]) if id.startswith(LINE) and id[len(LINE) :].isdecimal() else None
