"""An event's newest notes are an Atom feed; what is removed is not in it."""

import feedparser
import pytest

from .conftest import html


@pytest.fixture
def feed(client, event):
    """Return a function that reads the event's feed as a feed reader does."""

    def feed(event=event):
        response = client.get(f"{event.get_absolute_url()}feed/")
        assert response.status_code == 200
        found = feedparser.parse(
            response.content, response_headers={"content-type": response["Content-Type"]}
        )
        assert not found.bozo and found.version == "atom10"
        return found

    return feed


def test_it_works(client, feed, event, alice, bob):
    first = event.note(alice, "Kick-off!\nIt rains.")
    second = event.note(bob, "Goal & <b>joy</b>")
    second.mark_key(True)
    second.edit("Goal & <b>great joy</b>")
    found = feed()
    assert found.feed.title == "The final"
    newest, oldest = found.entries
    assert oldest.title == "Kick-off!" and "It rains." in oldest.summary
    assert oldest.link.endswith(first.get_absolute_url()) and oldest.author == "alice"
    assert "&lt;b&gt;great joy" in newest.summary and newest.tags[0].term == "Key moment"
    assert newest.updated > newest.published
    assert oldest.id != newest.id


def test_the_page_says_where_it_is(client, event):
    page = html(client, event)
    assert (
        '<link rel="alternate" type="application/atom+xml"' in page
        and f"{event.get_absolute_url()}feed/" in page
    )


def test_what_is_removed_is_not_in_it(client, feed, event, alice):
    event.note(alice, "stays")
    event.note(alice, "secret").remove()
    response = client.get(f"{event.get_absolute_url()}feed/")
    assert "secret" not in response.content.decode() and len(feed().entries) == 1


@pytest.mark.parametrize("text", ["\x01\x0b", "\ufffe", "]]>", "a\x1bb", "🎉", "\u2028", "&#0;"])
def test_whatever_people_write_it_stays_a_feed(feed, event, alice, text):
    event.note(alice, text)
    assert len(feed().entries) == 1


def test_without_notes_it_is_a_feed_too(feed, event):
    assert feed().entries == []


def test_no_such_event(client, db):
    assert client.get("/events/999/feed/").status_code == 404
