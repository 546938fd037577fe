"""No address of the site is a dead end: GET shows a page or leads to one, and HEAD answers as GET does."""

import pytest
from django.urls import reverse

POSTED = {
    "rooms:say": "rooms:room",
    "rooms:invite": "rooms:room",
    "rooms:remove": "rooms:room",
    "rooms:transcript": "rooms:room",
    "commentary:note": "commentary:event",
    "commentary:commentators": "commentary:settings",
    "commentary:end": "commentary:settings",
    "jobs:cancel": "jobs:job",
    "jobs:retry": "jobs:job",
    "people:sign-out": "rooms:list",
    "people:address": "people:me",
    "people:digest": "people:me",
    "people:follow": "people:me",
}


def test_it_works(as_, alice, pages):
    """Whoever POSTs while web restarts meets nginx's page, which loads the address again by GET."""
    client = as_(alice)
    for name, page in pages.items():
        response = client.get(page)
        if name in POSTED:
            assert (response.status_code, response["Location"]) == (302, pages[POSTED[name]]), name
        elif name == "rooms:beside":  # of its own, without htmx: the room's page
            assert response.status_code == 302, name
        else:
            assert response.status_code == 200, name


@pytest.mark.parametrize("signed_in", [True, False], ids=["signed in", "signed out"])
def test_head_is_get_without_the_body(client, as_, alice, pages, signed_in):
    client = as_(alice) if signed_in else client
    for name, page in pages.items():
        get, head = client.get(page), client.head(page)
        assert head.status_code == get.status_code and head.status_code != 405, name
        assert b"".join(head) == b"", name
        assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), name
        assert head.headers.get("Location") == get.headers.get("Location"), name


def test_after_signing_in_one_is_where_one_was(client, alice, bob, pages):
    """A session that ended meanwhile: sign in, and be in the room again, not at a bare 405."""
    sign_in = client.post(pages["rooms:transcript"])["Location"]
    response = client.post(sign_in, {"username": "alice", "password": "wonder-4-land"}, follow=True)
    assert response.status_code == 200
    assert response.redirect_chain[-1][0] == pages["rooms:room"]


@pytest.mark.parametrize("path", ["/ws/live/", "/ws/", "/ws/live"])
def test_sockets_are_not_webs(client, db, path):
    assert client.get(path, HTTP_UPGRADE="websocket", HTTP_CONNECTION="Upgrade").status_code == 404
    assert client.post(path).status_code == 404


def test_the_admin_is_for_operators(client, as_, alice):
    assert reverse("admin:login") in client.get(reverse("admin:index"))["Location"]
    assert as_(alice).get(reverse("admin:index")).status_code == 302
    alice.is_staff = alice.is_superuser = True
    alice.save()
    assert as_(alice).get(reverse("admin:index")).status_code == 200
