"""The owner of a private room takes members out; from then on the room is not there for them."""

import pytest


def take_out(client, room, person):
    return client.post(f"{room.get_absolute_url()}remove/", {"person": person.pk}, follow=True)


def test_it_works(as_, alice, bob, den):
    page = as_(alice).get(den.get_absolute_url()).content.decode()
    assert f'name="person" value="{bob.pk}"' in page and f'value="{alice.pk}"' not in page
    page = take_out(as_(alice), den, bob).content.decode()
    assert "bob may not enter any more" in page and f'value="{bob.pk}"' not in page
    assert as_(bob).get(den.get_absolute_url()).status_code == 404


def test_only_the_owner(as_, alice, bob, charlie, den, lobby):
    assert take_out(as_(bob), den, alice).status_code == 404
    assert take_out(as_(charlie), den, bob).status_code == 404
    assert take_out(as_(alice), lobby, bob).status_code == 404, "a public room has no members to take out"
    assert set(den.members.all()) == {alice, bob}
    assert 'name="person"' not in as_(bob).get(den.get_absolute_url()).content.decode()


@pytest.mark.parametrize("person", ["", "x", "0", "99999", "²", "9" * 30])
def test_nobody_of_that_number(as_, alice, bob, den, person):
    url = f"{den.get_absolute_url()}remove/"
    page = as_(alice).post(url, {"person": person}, follow=True).content.decode()
    assert "not a member" in page
    assert den.members.count() == 2


def test_the_owner_stays(as_, alice, den):
    assert "not a member" in take_out(as_(alice), den, alice).content.decode()
    assert alice in den.members.all()


def test_a_reload_by_get_leads_to_the_room(as_, alice, den):
    response = as_(alice).get(f"{den.get_absolute_url()}remove/")
    assert response.status_code == 302 and response["Location"] == den.get_absolute_url()
