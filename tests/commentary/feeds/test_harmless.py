"""What a feed holds is text: it reads no file, asks nobody, and takes neither memory nor time without end."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partyline.commentary import feeds
from partyline.commentary.feeds import PARSER, parsed
from partyline.commentary.fetch import Fetched
from partyline.commentary.parse_feed import plain, read
from partyline.commentary.public import CannotFetch

from .conftest import atom

URL = "https://feeds.example/news.xml"
BILLION = "".join(f'<!ENTITY lol{i} "{f"&lol{i - 1};" * 10}">\n' for i in range(1, 10))


def parse(body, kind="application/xml"):
    return parsed(Fetched(URL, kind, body if isinstance(body, bytes) else body.encode()))


def rss(title, head=""):
    item = f"<channel><title>x</title><item><title>{title}</title></item></channel>"
    return f'<?xml version="1.0"?>\n{head}\n<rss version="2.0">{item}</rss>'


def test_it_works():
    words = "&lt;p&gt;They &lt;b&gt;begin&lt;/b&gt;.&lt;/p&gt;"
    feed = parse(atom([("urn:1", "Kick-off", words)], "The news"))
    entry = {"id": "urn:1", "title": "Kick-off", "text": "They begin.", "url": "https://news.example/0"}
    assert feed == {"version": "atom10", "title": "The news", "entries": [entry]}


def test_rss_with_markup():
    body = rss("A &amp;amp; B").replace(
        "</item>",
        "<guid>7</guid><link>/a?b</link><description>&lt;h1&gt;One&lt;/h1&gt;two&lt;br&gt;three&lt;script&gt;alert(1)&lt;/script&gt;&lt;style&gt;x&lt;/style&gt;</description></item>",
    )
    [entry] = parse(body)["entries"]
    assert (entry["title"], entry["text"]) == ("A & B", "One\ntwo\nthree")
    assert entry["url"] == "https://feeds.example/a?b"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:x",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://a b",
        "mailto:a@b.c",
    ],
)
def test_a_link_that_no_browser_should_follow(link):
    body = rss("x").replace("</item>", f"<link>{link}</link></item>")
    url = parse(body)["entries"][0]["url"]
    assert url == "" or url.startswith("https://feeds.example/")


def test_the_newest_twenty():
    items = "".join(
        f"<item><guid>{n}</guid><title>{n}</title><pubDate>{n:02} Jan 2026 10:00:00 GMT</pubDate></item>"
        for n in range(1, 29)
    )
    entries = parse(f'<rss version="2.0"><channel>{items}</channel></rss>')["entries"]
    assert [entry["title"] for entry in entries] == [str(n) for n in range(28, 8, -1)]


def test_long_texts_are_cut():
    [entry] = parse(
        rss("word " * 1000).replace("</item>", f"<description>{'word ' * 9000}</description></item>")
    )["entries"]
    assert len(entry["title"]) <= 120 and len(entry["text"]) <= 1000
    assert entry["text"].endswith("word…")


BOMBS = {
    "a billion laughs": rss("&lol9;", f'<!DOCTYPE lolz [\n<!ENTITY lol0 "lol">\n{BILLION}]>'),
    "a billion laughs in one line": rss(
        "&lol9;", f'<!DOCTYPE lolz [<!ENTITY lol0 "lol">{BILLION}]>'.replace("\n", "")
    ),
    "quadratic": rss("&x;" * 100_000, f'<!DOCTYPE r [\n<!ENTITY x "{"a" * 100_000}">\n]>'),
    "blank lines": "\n" * 2_000_000 + rss("x"),
    "deep": "<rss version='2.0'><channel>" + "<a>" * 600_000,
    "a tag without end": "<rss version='2.0'><channel><item><title>" + '<a "' * 500_000,
    "half comments": "<rss version='2.0'><channel><item><description>" + "&lt;!--" * 280_000,
    "half declarations": "<rss version='2.0'><channel>" + "<![" * 600_000,
    "entities without end": "<rss version='2.0'><channel><title>" + "&#" * 900_000,
}


@pytest.mark.parametrize("body", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb(body, monkeypatch, tmp_path):
    """It is refused or read as far as it goes; the process that reads it never has more than its share."""
    assert len(body) < 3_000_000
    hasty = tmp_path / "hasty.py"
    hasty.write_text(PARSER.read_text().replace("SECONDS, MEMORY = 10,", "SECONDS, MEMORY = 2,"))
    monkeypatch.setattr(feeds, "PARSER", hasty)
    try:
        text = json.dumps(parse(body))
    except CannotFetch as why:
        text = str(why)
    assert len(text) < 100_000


def test_time_and_memory_are_the_parsers_own(tmp_path):
    """A process that takes more is ended by the kernel, not by a promise."""
    source = PARSER.read_text()
    assert "RLIMIT_AS, (MEMORY, MEMORY)" in source and "RLIMIT_CPU, (SECONDS, SECONDS)" in source
    hungry = tmp_path / "hungry.py"
    hungry.write_text(source.replace("json.dump(read(", "x = bytearray(MEMORY)\n    json.dump(read("))
    done = subprocess.run(
        [sys.executable, "-I", hungry, "", URL], input=b"<rss/>", capture_output=True, env={}
    )
    assert done.returncode and b"MemoryError" in done.stderr


def test_a_parser_that_hangs(monkeypatch, tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text("import time\ntime.sleep(60)")
    monkeypatch.setattr(feeds, "PARSER", slow)
    monkeypatch.setattr(feeds, "PARSE_SECONDS", 0.5)
    with pytest.raises(CannotFetch, match="too long to read"):
        parse(rss("x"))


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret.xml"
    file.write_text("hunter2")
    return file


@pytest.mark.parametrize(
    "head, title",
    [
        ('<!DOCTYPE r [\n<!ENTITY x SYSTEM "file://{file}">\n]>', "&x;"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file://{file}">]>', "&x;"),
        ('<!DOCTYPE r [\n<!ENTITY x PUBLIC "a" "{file}">\n]>', "&x;"),
        ('<!DOCTYPE r [\n<!ENTITY % x SYSTEM "{web}/x.dtd">\n%x;\n]>', "&y;"),
        ('<!DOCTYPE r [<!ENTITY % x SYSTEM "{web}/x.dtd"> %x;]>', "&y;"),
        ('<!DOCTYPE r SYSTEM "{web}/r.dtd">', "&x;"),
        ('<!DOCTYPE r PUBLIC "-//x" "{web}/r.dtd">', "&x;"),
        ('<?xml-stylesheet href="{web}/x.xsl"?>', "x"),
        ("<!DOCTYPE rss [\n<!ENTITY x \"&#60;y xmlns:xi='http://www.w3.org/2001/XInclude'>\">\n]>", "&x;"),
        ("", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{file}" parse="text"/>'),
        ("", '<img src="{web}/pixel.png"/>'),
    ],
)
def test_no_file_and_nobody_else(web, secret, head, title):
    names = {"{file}": str(secret), "{web}": web.url().rstrip("/")}
    body = rss(title, head)
    for name, value in names.items():
        body = body.replace(name, value)
    try:
        assert "hunter2" not in json.dumps(parse(body))
    except CannotFetch:
        pass
    assert not web.asked


@pytest.mark.parametrize("body", ["{file}", "file://{file}", "{web}/feed"])
def test_a_body_that_is_the_name_of_a_file(web, secret, body):
    """feedparser opens what it is given as bytes, if there is such a file."""
    secret.write_text(rss("hunter2"))
    web.feed("/feed", ("urn:1", "hunter2", "x"))
    with pytest.raises(CannotFetch, match="neither Atom nor RSS"):
        parse(body.format(file=secret, web=web.url().rstrip("/")))
    assert not web.asked


def test_the_parser_knows_no_secrets(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os, sys\njson.dump({'version': 'x', 'is': [dict(os.environ), sys.argv]}, sys.stdout)"
    )
    monkeypatch.setattr(feeds, "PARSER", spy)
    environment, _ = parse(b"x")["is"]
    assert os.environ["SECRET_KEY"] == "hunter2" and "SECRET_KEY" not in environment


@pytest.mark.parametrize(
    "body", ["", "hello", "<html><body>Hello</body></html>", "{}", "<rss", "\0\0", "PK\3\4"]
)
def test_what_is_no_feed(body):
    with pytest.raises(CannotFetch, match="neither Atom nor RSS|cannot be read"):
        parse(body)


@pytest.mark.parametrize(
    "kind", ["", "-h", "--help", "text/xml; charset=nonsense", "x\ty", "é; charset=\x7f", "a\0b"]
)
def test_a_content_type_is_no_option(kind):
    assert parse(rss("x"), kind)["entries"][0]["title"] == "x"


@pytest.mark.parametrize(
    "text", ["a&#0;b", "a\0b", "a&#xd800;b", "a&#8;b", "a\x1bb", "&amp;#0;", "&amp;#xd800;"]
)
def test_what_no_database_takes_is_left_out(text):
    try:
        [entry] = parse(rss(text).replace("</item>", f"<guid>{text}</guid></item>"))["entries"]
    except CannotFetch:
        return
    for value in (entry["title"], entry["text"]):
        value.encode()
        assert not set(value) & {"\0", "\x08", "\x1b"}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda text: rss(text).encode(errors="replace")))
def test_whatever_comes(body):
    """Read in this process, for speed; an error there is one of the parser's process."""
    try:
        feed = read(body, "application/xml", URL)
    except Exception:
        return
    json.loads(json.dumps(feed))
    assert len(feed["entries"]) <= 20


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_plain_words(html):
    text = plain({"title": html}, "title", 100)
    assert len(text) <= 100 and "\0" not in text
