"""Without JavaScript the same form says the same; what is refused is said why, and the text is kept."""

import uuid
from html import escape

import pytest
from django.template.loader import render_to_string

from partyline.live.log import read
from partyline.rooms.models import TEXT_LIMIT


def test_it_works(post, as_, alice, bob, lobby):
    response = post(alice, lobby, "hello there")
    assert (response.status_code, response["Location"]) == (302, f"{lobby.get_absolute_url()}#say")
    page = as_(bob).get(lobby.get_absolute_url()).content.decode()
    assert '<p class="text">hello there</p>' in page and f'data-author="{alice.pk}"' in page


def test_it_is_an_entry_of_the_stream(post, alice, lobby):
    post(alice, lobby, "hello there")
    message = lobby.messages.get()
    [(seq, frame, *_)] = read(lobby.key, 0, 10)
    assert seq == 1 and "hello there" in frame
    assert f"message-{message.pk}" in frame and str(message.client_id) in frame


def test_the_page_and_the_entry_hold_the_same(post, as_, alice, bob, lobby):
    post(alice, lobby, "hello <there>")
    message = lobby.messages.get()
    line = render_to_string("rooms/_message.html", {"message": message})
    assert line in as_(bob).get(lobby.get_absolute_url()).content.decode()
    assert line in render_to_string("rooms/_entry.html", {"message": message})


def test_the_last_messages_are_shown_oldest_first(as_, alice, lobby):
    for number in range(60):
        lobby.say(alice, f"text {number}")
    shown = as_(alice).get(lobby.get_absolute_url()).context["messages"]
    assert [message.text for message in shown] == [f"text {number}" for number in range(10, 60)]


REFUSED = {
    "empty": ("", "There is nothing in this message."),
    "blank": (" \r\n\t ", "There is nothing in this message."),
    "one too many": ("x" * (TEXT_LIMIT + 1), "too long: 4001 of 4000 characters"),
    "100 kB": ("y" * 100_000, "too long: 100000 of 4000 characters"),
    "NUL": ("a\0b", "Null characters are not allowed."),
}


@pytest.mark.parametrize("text, why", REFUSED.values(), ids=REFUSED.keys())
def test_a_refused_text_is_kept(post, alice, lobby, text, why):
    client_id = uuid.uuid4()
    response = post(alice, lobby, text, client_id)
    html = response.content.decode()
    assert response.status_code == 422 and why in html
    assert f">{escape(text)}</textarea>" in html, "the text must not be typed again"
    assert f'name="client_id" value="{client_id}"' in html
    assert not lobby.messages.exists()


@pytest.mark.parametrize("client_id", ["x", "../..", "<b>", "0" * 1000, "\0"], ids=ascii)
def test_a_damaged_form_is_mended(post, alice, lobby, client_id):
    """The person does nothing but send it again."""
    response = post(alice, lobby, "keep <me>", client_id)
    html = response.content.decode()
    assert response.status_code == 422 and "damaged: please send it once more" in html
    assert ">keep &lt;me&gt;</textarea>" in html and f'value="{escape(client_id)}"' not in html
    again = post(alice, lobby, "keep <me>", response.context["client_id"])
    assert again.status_code == 302 and lobby.messages.get().text == "keep <me>"


def test_a_form_without_its_fields(as_, alice, lobby):
    response = as_(alice).post(f"{lobby.get_absolute_url()}say/", {"x": "y"})
    assert response.status_code == 422
    assert "There is nothing in this message." in response.content.decode()


def test_the_longest_text_counts_lines_as_the_browser_does(post, alice, lobby):
    """A form sends CRLF for a line's end, the browser's own limit counts one character."""
    text = "four\n" * (TEXT_LIMIT // 5 - 1) + "last!"
    assert len(text) == TEXT_LIMIT
    assert post(alice, lobby, text.replace("\n", "\r\n")).status_code == 302
    assert lobby.messages.get().text == text


def test_a_body_beyond_everything_is_refused(as_, alice, lobby):
    response = as_(alice).post(f"{lobby.get_absolute_url()}say/", {"text": "z" * 2_000_000})
    assert response.status_code == 400
    assert not lobby.messages.exists()


def test_who_is_signed_out_meanwhile_gets_the_text_back(client, lobby):
    said = {"text": "a long <b> story", "client_id": str(uuid.uuid4())}
    response = client.post(f"{lobby.get_absolute_url()}say/", said)
    page = response.content.decode()
    assert response.status_code == 422 and "Not sent: you are signed out" in page
    assert "a long &lt;b&gt; story" in page and not lobby.messages.exists()
