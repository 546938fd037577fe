"""What is published while a page is being made is on the page, or is replayed to it; never lost."""

import re

import pytest

from partyline.live.log import read
from partyline.rooms import views
from partyline.rooms.models import Room

PAGES = ["", "fragment/"]


def head(html):
    return int(re.search(r'data-stream="room:\d+" data-epoch="\w+" data-head="(\d+)"', html)[1])


def replayed(room, html):
    return "".join(frame for _, frame, *_ in read(room.key, head(html), 100))


@pytest.mark.parametrize("page", PAGES)
def test_it_works(client, lobby, alice, page):
    lobby.say(alice, "before")
    html = client.get(lobby.get_absolute_url() + page).content.decode()
    assert head(html) == 1 and "before" in html
    assert replayed(lobby, html) == ""


@pytest.mark.parametrize("page", PAGES)
def test_published_after_the_rows_were_read(client, lobby, alice, page, monkeypatch):
    last_messages = Room.last_messages

    def then_somebody_speaks(room):
        messages = list(last_messages(room))
        room.say(alice, "in between")
        return messages

    monkeypatch.setattr(Room, "last_messages", then_somebody_speaks)
    html = client.get(lobby.get_absolute_url() + page).content.decode()
    assert "in between" not in html
    assert "in between" in replayed(lobby, html)


@pytest.mark.parametrize(
    "page, asked",
    [("", "position"), ("", "positions"), ("fragment/", "position")],
    ids=["anybody", "signed in", "fragment"],
)
def test_published_between_position_and_rows(client, lobby, alice, page, asked, monkeypatch):
    """It comes twice, which changes nothing; that it comes is what counts."""
    find = getattr(views, asked)

    def then_somebody_speaks(*keys):
        found = find(*keys)
        lobby.say(alice, "in between")
        return found

    monkeypatch.setattr(views, asked, then_somebody_speaks)
    if asked == "positions":
        client.force_login(alice)
    html = client.get(lobby.get_absolute_url() + page).content.decode()
    assert "in between" in html and "in between" in replayed(lobby, html)


def test_a_room_without_entries_has_a_place_to_begin(client, lobby, alice):
    html = client.get(lobby.get_absolute_url()).content.decode()
    assert head(html) == 0
    lobby.say(alice, "the first")
    assert "the first" in replayed(lobby, html)
