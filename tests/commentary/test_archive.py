"""After the end the page is an archive: no socket, all notes, and who has it already is not sent it again."""

import pytest

from partyline.commentary import pages

from .conftest import html


@pytest.fixture
def ended(event, alice):
    event.note(alice, "first")
    event.note(alice, "second")
    event.end()
    event.refresh_from_db()
    return event


def test_it_works(client, ended):
    page = html(client, ended)
    assert ">first<" in page and ">second<" in page
    for live in (
        "ws-connect",
        "data-stream",
        'data-act="react"',
        "data-pause",
        'hx-trigger="load"',
        "ws-send",
        "/fragment/",
    ):
        assert live not in page, live


def test_while_it_is_live_it_has_a_socket(client, event):
    response = client.get(event.get_absolute_url())
    assert "ws-connect" in response.content.decode() and "ETag" not in response


def test_all_of_it_a_page_at_a_time(client, ended, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 1)
    second = ended.notes.last()
    assert ">first<" not in html(client, ended)
    assert ">first<" in html(client, ended, f"?before={second.pk}")


def test_numbers_stay_and_nobody_reacts_any_more(client, ended):
    from partyline.commentary.reactions import write

    note = ended.notes.first()
    write([(note.pk, ended.author_id, "wow", True)])
    page = html(client, ended)
    assert 'class="feel wow"' in page and 'class="feel like"' not in page


def test_reactions_that_are_kept_after_the_end_are_seen(client, ended):
    """They waited for others when it ended."""
    from partyline.commentary.reactions import write

    etag = client.get(ended.get_absolute_url())["ETag"]
    write([(ended.notes.first().pk, ended.author_id, "wow", True)])
    page = client.get(ended.get_absolute_url(), HTTP_IF_NONE_MATCH=etag)
    assert page.status_code == 200 and "feel wow" in page.content.decode()


@pytest.mark.parametrize("more", ["", "feed/", "?only=key"])
def test_who_has_it_is_not_sent_it_again(client, ended, more):
    address = ended.get_absolute_url() + more
    first = client.get(address)
    assert first["Cache-Control"] == "no-cache" and "Cookie" in first["Vary"]
    for asked in ({"HTTP_IF_NONE_MATCH": first["ETag"]}, {"HTTP_IF_MODIFIED_SINCE": first["Last-Modified"]}):
        again = client.get(address, **asked)
        assert (again.status_code, again.content) == (304, b"") and again["ETag"] == first["ETag"]


@pytest.mark.parametrize("more", ["", "feed/"])
@pytest.mark.parametrize("change", ["edit", "remove", "key", "pin", "title", "reopen", "note"])
def test_who_has_an_older_one_gets_the_new_one(client, ended, alice, more, change):
    address, note = ended.get_absolute_url() + more, ended.notes.first()
    etag = client.get(address)["ETag"]
    if change == "title":
        ended.title = "Another title"
        ended.save()
    else:
        {
            "edit": lambda: note.edit("other"),
            "remove": note.remove,
            "key": lambda: note.mark_key(True),
            "pin": lambda: note.pin(True),
            "reopen": ended.reopen,
            "note": lambda: ended.note(alice, "more"),
        }[change]()
    assert client.get(address, HTTP_IF_NONE_MATCH=etag).status_code == 200


def test_nobody_is_left_with_a_page_of_somebody_else(as_, client, ended, alice, bob):
    """Alice signs in where Bob was: what the browser kept is his."""
    page = ended.get_absolute_url()
    etags = [reader.get(page)["ETag"] for reader in (client, as_(alice), as_(bob))]
    assert len(set(etags)) == 3
    assert as_(alice).get(page, HTTP_IF_NONE_MATCH=etags[2]).status_code == 200


def test_a_form_that_was_kept_still_works(as_, alice, ended):
    """After signing in anew its token would be refused: then the page is sent anew."""
    client, page = as_(alice), ended.get_absolute_url()
    client.get(page)
    etag = client.get(page)["ETag"]
    assert client.get(page, HTTP_IF_NONE_MATCH=etag).status_code == 304
    client.cookies["csrftoken"] = "x" * 32
    assert client.get(page, HTTP_IF_NONE_MATCH=etag).status_code == 200


def test_to_htmx_it_is_another_page(client, ended, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 1)
    older = f"{ended.get_absolute_url()}?before={ended.notes.last().pk}"
    whole = client.get(older)
    part = client.get(older, HTTP_HX_REQUEST="true", HTTP_IF_NONE_MATCH=whole["ETag"])
    assert part.status_code == 200 and "HX-Request" in part["Vary"] and part["ETag"] != whole["ETag"]
