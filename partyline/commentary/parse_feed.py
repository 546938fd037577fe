"""Read a feed on standard input, write its newest entries as JSON: run by feeds.py as a process of its own.

Feeds are strangers' data, and some take the parser minutes or gigabytes (its regular expressions hold the
interpreter's lock meanwhile): here that ends with this process, which knows no settings, database or secrets.
"""

import io
import json
import resource
import sys
import time
import unicodedata
from html.parser import HTMLParser

import feedparser

SECONDS, MEMORY = 10, 256 * 1024 * 1024
NEWEST = 20  # entries
TITLE, TEXT, URL = 120, 1000, 500  # characters
BLOCKS = {"p", "br", "div", "li", "ul", "ol", "tr", "table", "blockquote", "pre", "hr"} | set(
    "h1 h2 h3 h4 h5 h6 section article figure figcaption dt dd".split()
)
SILENT = {"script", "style", "template"}


class Words(HTMLParser):
    """Collects what a reader of the HTML would see, a line for each block."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.pieces, self.silent = [], 0

    def handle_starttag(self, tag, attrs):
        self.silent += tag in SILENT
        self.pieces += ["\n"] * (tag in BLOCKS)

    def handle_endtag(self, tag):
        self.silent = max(0, self.silent - (tag in SILENT))
        self.pieces += ["\n"] * (tag in BLOCKS)

    def handle_data(self, data):
        self.pieces += [] if self.silent else [data]


def plain(of, what, most):
    """Return the words of an entry's (or feed's) `what`, in at most so many characters."""
    text, kind = str(of.get(what) or "")[: most * 50], of.get(f"{what}_detail", {}).get("type")
    if kind != "text/plain":
        words = Words()
        words.feed(text)
        words.close()
        text = "".join(words.pieces)
    # Controls, and halves of characters, which no database takes.
    shown = (c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    lines = (" ".join(line.split()) for line in "".join(shown).split("\n"))
    return shortened("\n".join(line for line in lines if line), most)


def shortened(text, most):
    """Cut the text between two words."""
    return text if len(text) <= most else text[: most - 1].rsplit(None, 1)[0] + "…"


def address(url):
    """Return the URL if a browser may be sent there, else ""."""
    url = str(url or "")
    sound = url.isprintable() and " " not in url and len(url) <= URL
    return url if sound and url.lower().startswith(("http://", "https://")) else ""


def read(body, content_type, url):
    """Return {"version", "title", "entries": [{"id", "title", "text", "url"}, …]}, the newest entry first."""
    # A stream, never bytes: those feedparser takes for the name of a file, if there is one.
    found = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": content_type, "content-location": url},
        resolve_relative_uris=False,  # text is all that is taken
        sanitize_html=False,
    )
    entries = sorted(found.entries, key=published, reverse=True)[:NEWEST]
    return {
        "version": found.get("version", ""),
        "title": plain(found.feed, "title", TITLE).replace("\n", " "),
        "entries": [as_dict(entry) for entry in entries],
    }


def published(entry):
    return entry.get("published_parsed") or entry.get("updated_parsed") or time.gmtime(0)


def as_dict(entry):
    if not entry.get("summary") and entry.get("content"):
        entry["summary"], entry["summary_detail"] = entry["content"][0].get("value"), entry["content"][0]
    return {
        "id": str(entry.get("id") or "")[:1000],
        "title": plain(entry, "title", TITLE).replace("\n", " "),
        "text": plain(entry, "summary", TEXT),
        "url": address(entry.get("link")),
    }


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content_type, url = sys.argv[1:]
    json.dump(read(sys.stdin.buffer.read(), content_type, url), sys.stdout)


if __name__ == "__main__":
    main()
