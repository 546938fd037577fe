"""One follows what one may see, by a button on its page, where the site sends mail."""

import pytest
from django.urls import reverse

from partyline.commentary.models import Event
from partyline.people.models import Follow, Mailbox, Person

FOLLOW, ME = reverse("people:follow"), reverse("people:me")


@pytest.fixture
def event(alice):
    return Event.objects.create(title="The final", author=alice)


@pytest.fixture(params=["lobby", "den", "event"])
def thing(request):
    return request.getfixturevalue(request.param)


def keys(person):
    return list(person.follows.values_list("key", flat=True))


def post(client, thing, on, **more):
    return client.post(FOLLOW, {"key": thing.key, "on": on, **more})


def test_it_works(as_, bob, thing, sends_mail):
    Mailbox.objects.create(person=bob, address="b@mail.example", wants_digest=True)
    client, page = as_(bob), thing.get_absolute_url()
    assert ">Follow</button>" in client.get(page).content.decode()
    response = post(client, thing, "1", next=page)
    assert (response.status_code, response["Location"], keys(bob)) == (302, page, [thing.key])
    assert ">Unfollow</button>" in client.get(page).content.decode()
    assert str(thing) in client.get(ME).content.decode()
    post(client, thing, "0", next=page)
    assert keys(bob) == [] and ">Follow</button>" in client.get(page).content.decode()


def test_who_has_no_address_is_asked_for_one(as_, bob, lobby, sends_mail):
    client = as_(bob)
    response = post(client, lobby, "1", next=lobby.get_absolute_url())
    assert response["Location"] == ME and keys(bob) == [lobby.key]
    assert "say where to below" in client.get(ME).content.decode()


def test_twice_is_once(as_, bob, lobby, sends_mail):
    for on in "11":
        post(as_(bob), lobby, on)
    assert keys(bob) == [lobby.key]
    for on in "00":
        assert post(as_(bob), lobby, on).status_code == 302
    assert keys(bob) == []


def test_a_private_room_is_closed_to_others(as_, charlie, den, sends_mail):
    assert post(as_(charlie), den, "1").status_code == 404
    assert keys(charlie) == []


def test_what_one_may_not_see_any_more_can_be_unfollowed(as_, bob, den, sends_mail):
    post(as_(bob), den, "1")
    den.remove(bob)
    assert post(as_(bob), den, "0").status_code == 302 and keys(bob) == []


def test_what_is_gone_is_followed_no_longer(as_, bob, thing, sends_mail):
    post(as_(bob), thing, "1")
    thing.delete()
    assert keys(bob) == []


def test_guests_and_strangers_have_no_button(as_, client, lobby, sends_mail, db):
    guest = Person(username="Gus", is_guest=True)
    guest.set_unusable_password()
    guest.save()
    for who in (as_(guest), client):
        assert FOLLOW not in who.get(lobby.get_absolute_url()).content.decode()
    assert post(as_(guest), lobby, "1").status_code == 403
    assert "here as a guest" in as_(guest).get(ME).content.decode()
    assert post(client, lobby, "1")["Location"].startswith(reverse("people:sign-in"))
    assert client.get(ME)["Location"].startswith(reverse("people:sign-in"))
    assert not Follow.objects.exists()


def test_without_mail_nothing_offers_it(as_, bob, thing, settings):
    assert settings.SENDS_MAIL is False
    html = as_(bob).get(thing.get_absolute_url()).content.decode()
    assert FOLLOW not in html and ME not in html
    assert post(as_(bob), thing, "1").status_code == 403
    assert "This site sends no mail." in as_(bob).get(ME).content.decode()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "room:0",
        "room:x",
        "room:007",
        f"me:{1}",
        "jobs:all",
        "garden:1",
        "x" * 99,
        "room:" + "9" * 40,
        "a\0b",
    ],
)
def test_what_cannot_be_followed(as_, bob, sends_mail, key):
    for on in ("1", "2", ""):
        assert as_(bob).post(FOLLOW, {"key": key, "on": on}).status_code == 404
    assert keys(bob) == []


def test_a_limit(as_, bob, lobby, den, sends_mail, monkeypatch):
    monkeypatch.setattr(Follow, "MOST", 1)
    client = as_(bob)
    post(client, lobby, "1")
    post(client, den, "1")
    assert keys(bob) == [lobby.key]
    assert "which is the most" in client.get(ME).content.decode()


def test_elsewhere_is_refused(as_, bob, lobby, sends_mail):
    Mailbox.objects.create(person=bob, address="b@mail.example", wants_digest=True)
    for where in ("https://evil.example/", "//evil.example", "/\\evil.example", ""):
        assert post(as_(bob), lobby, "1", next=where)["Location"] == ME


def test_few_queries(as_, bob, sends_mail, django_assert_max_num_queries):
    for number in range(50):
        Follow.objects.create(person=bob, key=f"room:{number}", title="x", url="/")
    client = as_(bob)
    with django_assert_max_num_queries(4):
        client.get(ME)
