"""One comes in with one's name, however it is written, and out by a button."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from partyline.live import notices, revoke

SIGN_IN, SIGN_OUT = reverse("people:sign-in"), reverse("people:sign-out")
ALICE = {"username": "alice", "password": "wonder-4-land"}


def is_in(client):
    return client.get(reverse("rooms:list")).context["user"].is_authenticated


def test_it_works(client, alice):
    response = client.post(SIGN_IN, ALICE)
    assert (response.status_code, response["Location"]) == (302, reverse("rooms:list"))
    assert is_in(client)
    response = client.post(SIGN_OUT)
    assert (response.status_code, response["Location"]) == (302, reverse("rooms:list"))
    assert not is_in(client)


@pytest.mark.parametrize("name", ["ALICE", " alice ", "\uff21lice"], ids=["case", "spaces", "wide letter"])
def test_a_name_is_found_as_people_type_it(client, alice, name):
    assert client.post(SIGN_IN, ALICE | {"username": name}).status_code == 302


def test_it_leads_back(client, alice):
    assert client.post(SIGN_IN, ALICE | {"next": "/dashboard/"})["Location"] == "/dashboard/"


@pytest.mark.parametrize(
    "wrong",
    [{"password": "guess"}, {"username": "nobody"}, {"username": ""}, {"username": "al\0ice"}],
    ids=str,
)
def test_what_is_wrong_is_refused_in_words(client, alice, wrong):
    response = client.post(SIGN_IN, ALICE | wrong)
    assert response.status_code == 422 and response.context["form"].errors
    assert not is_in(client)


def test_it_does_not_tell_who_exists(client, alice):
    def answer(name):
        response = client.post(SIGN_IN, {"username": name, "password": "guess"})
        return list(response.context["form"].non_field_errors())

    assert answer("alice") == answer("nobody") != []


def test_who_was_shut_out_stays_out(client, alice):
    alice.is_active = False
    alice.save()
    assert client.post(SIGN_IN, ALICE).status_code == 422


def test_a_get_signs_nobody_out(as_, alice):
    client = as_(alice)
    response = client.get(SIGN_OUT)
    assert (response.status_code, response["Location"]) == (302, reverse("rooms:list"))
    assert is_in(client)


@pytest.mark.django_db(transaction=True)
def test_the_session_is_over_before_sockets_are_told(as_, alice, monkeypatch):
    told = []
    monkeypatch.setattr(
        notices, "entry", lambda *notice: told.append((revoke.whom(notice[2].frame), Session.objects.count()))
    )
    client = as_(alice)
    key = client.session.session_key
    client.post(SIGN_OUT)
    assert told == [({"session": key}, 0)]
