"""The link in each daily mail ends it: signed out, at one click, and for nobody else."""

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from partyline.people import links
from partyline.people.models import Mailbox


@pytest.fixture
def mailbox(reader, bob, lobby):
    return reader(bob, lobby)


@pytest.fixture
def link(mailbox):
    return links.unsubscribe_url(mailbox).removeprefix("https://party.example")


def wants(person):
    return Mailbox.objects.get(person=person).wants_digest


def test_it_works(link, bob):
    """As RFC 8058 has it: one POST of a mail program, without a cookie, a page or a token."""
    client = Client(enforce_csrf_checks=True)
    response = client.post(link, {"List-Unsubscribe": "One-Click"})
    assert response.status_code == 200 and wants(bob) is False
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert list(bob.follows.values_list("key", flat=True)) != [], "what one follows stays"


def test_by_the_page(client, link, bob):
    html = client.get(link).content.decode()
    assert "No more daily mails?" in html and "bob@mail.example" in html
    assert wants(bob) is True, "programs that look into mails follow links"
    assert client.head(link).status_code == 200 and wants(bob) is True
    assert "It is turned off for <b>bob</b>" in client.post(link).content.decode()
    assert wants(bob) is False
    assert "It is turned off" in client.get(link).content.decode()


def test_signed_in_as_somebody_else_it_is_bobs_all_the_same(as_, link, reader, bob, charlie):
    reader(charlie)
    as_(charlie).post(link)
    assert (wants(bob), wants(charlie)) == (False, True)


def test_it_holds_for_good(client, link, bob, monkeypatch):
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 10 * 365 * 86400)
    assert client.post(link).status_code == 200 and wants(bob) is False


def test_a_forged_link_does_nothing(client, link, bob, reader, charlie):
    reader(charlie)
    token = link.split("/")[-2]
    head, _, tail = token.partition(":")
    others = signing.b64_encode(str(charlie.pk).encode()).decode()
    for forged in (
        *(token[:-1], token + "x", token.swapcase(), f"{others}:{tail}", str(bob.pk), "x", ":"),
        signing.dumps(bob.pk, key="another-key", salt=links.UNSUBSCRIBE),
        signing.dumps([bob.pk, "bob@mail.example"], salt=links.CONFIRM),
        signing.dumps(bob.pk),
    ):
        page = reverse("people:unsubscribe", args=[forged])
        assert client.post(page).status_code == client.get(page).status_code == 404, forged
    assert wants(bob) is wants(charlie) is True


def test_who_is_gone(client, link, bob):
    bob.delete()
    assert client.post(link).status_code == 404


def test_other_ways_are_refused(client, link, bob):
    for method in (client.put, client.delete, client.patch):
        assert method(link).status_code == 405
    assert wants(bob) is True
