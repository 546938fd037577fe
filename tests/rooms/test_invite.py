"""The owner of a private room lets people in by their names."""

import pytest
from django.urls import reverse

from partyline.rooms.models import Membership


@pytest.fixture
def invite(as_, den):
    def invite(person, name, room=den):
        return as_(person).post(reverse("rooms:invite", args=[room.pk]), {"name": name})

    return invite


def test_it_works(invite, as_, alice, charlie, den):
    response = invite(alice, "charlie")
    assert (response.status_code, response["Location"]) == (302, den.get_absolute_url())
    assert as_(charlie).get(den.get_absolute_url()).status_code == 200


def test_it_says_so(as_, alice, charlie, den):
    client = as_(alice)
    response = client.post(reverse("rooms:invite", args=[den.pk]), {"name": " CHARLIE "}, follow=True)
    assert "charlie may enter now." in response.content.decode()


def test_twice_is_once(invite, alice, den):
    assert invite(alice, "bob").status_code == 302
    assert Membership.objects.filter(room=den).count() == 2


@pytest.mark.parametrize("name", ["", "nobody", "x" * 1000, "cha\0rlie", "%", "<b>x</b>"], ids=ascii)
def test_an_unknown_name_is_refused_in_words(invite, alice, den, name):
    response = invite(alice, name)
    assert response.status_code == 422 and response.context["invite_form"].errors["name"]
    assert "<b>x</b>" not in response.content.decode()
    assert den.members.count() == 2


def test_only_the_owner_does(invite, as_, bob, charlie, den):
    assert invite(bob, "charlie").status_code == 404
    assert invite(charlie, "charlie").status_code == 404
    assert den.members.count() == 2
    assert "Invite somebody" not in as_(bob).get(den.get_absolute_url()).content.decode()


def test_nobody_is_invited_into_a_public_room(invite, as_, alice, lobby, charlie):
    assert invite(alice, "charlie", lobby).status_code == 404
    assert not lobby.members.exists()
    assert "Invite somebody" not in as_(alice).get(lobby.get_absolute_url()).content.decode()
