"""An event's page shows its newest notes; older ones are a link away, every one once."""

import re

import pytest

from partyline.commentary import pages

from .conftest import html


@pytest.fixture
def seven(event, alice, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 3)
    return [event.note(alice, f"told {number}") for number in range(7)]


def told(page):
    return re.findall(r'<p class="text">told (\d)</p>', page.partition('id="notes"')[2] or page)


def older(page):
    found = re.search(r'href="[^"]*(\?before=[^"]*)" hx-get', page)
    return found and found[1].replace("&amp;", "&")


def test_it_works(client, event, seven):
    first = html(client, event)
    second = html(client, event, older(first))
    third = html(client, event, older(second))
    assert [told(page) for page in (first, second, third)] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert older(third) is None


def test_htmx_gets_the_notes_alone(client, event, seven):
    page = html(client, event, f"?before={seven[4].pk}", HTTP_HX_REQUEST="true")
    assert told(page) == ["3", "2", "1"] and "<html" not in page and page.startswith("<li")


def test_older_ones_are_not_live(client, event, seven):
    page = html(client, event, f"?before={seven[4].pk}")
    assert "ws-connect" not in page and "data-stream" not in page and event.get_absolute_url() in page


def test_key_moments_alone(client, event, seven):
    for note in (seven[0], seven[2], seven[4], seven[6]):
        note.mark_key(True)
    page = html(client, event, "?only=key")
    assert told(page) == ["6", "4", "2"] and "only=key" in older(page)
    assert told(html(client, event, older(page))) == ["0"]
    fragment = html(client, event, "fragment/?only=key")
    assert (
        told(fragment) == ["6", "4", "2"] and "only=key" in re.search(r'data-fragment="([^"]*)"', fragment)[1]
    )


@pytest.mark.parametrize("before", ["x", "", "-1", "1.5", "9" * 19, "9" * 5000, "\u0663", "\0"])
def test_before_what_is_no_number(client, event, before):
    assert client.get(event.get_absolute_url(), {"before": before}).status_code == 404


def test_before_the_first_there_is_nothing(client, event, seven):
    assert told(html(client, event, "?before=0")) == []
