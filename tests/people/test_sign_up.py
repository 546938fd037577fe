"""A name and a password make an account, and one is in."""

import pytest
from django.urls import reverse

from partyline.people.models import Person

SIGN_UP = reverse("people:sign-up")
GOOD = {"username": "exploradora", "password": "finds-5-caves"}

pytestmark = pytest.mark.django_db


def test_it_works(client):
    assert "Sign up" in client.get(SIGN_UP).content.decode()
    response = client.post(SIGN_UP, GOOD)
    assert (response.status_code, response["Location"]) == (302, reverse("rooms:list"))
    dora = Person.objects.get(username="exploradora")
    assert dora.check_password(GOOD["password"]) and not dora.is_guest and not dora.is_staff
    page = client.get(reverse("rooms:list"))
    assert page.context["user"] == dora
    assert reverse("people:sign-out") in page.content.decode()


def test_it_leads_back(client):
    page = client.get(SIGN_UP, {"next": "/events/"}).content.decode()
    assert '<input type="hidden" name="next" value="/events/">' in page
    assert client.post(SIGN_UP, GOOD | {"next": "/events/"})["Location"] == "/events/"


@pytest.mark.parametrize(
    "password, why",
    [
        ("", "required"),
        ("short-1", "too short"),
        ("password1", "too common"),
        ("exploradora9", "too similar"),
    ],
)
def test_a_weak_password_is_refused_in_words(client, password, why):
    response = client.post(SIGN_UP, GOOD | {"password": password})
    html = response.content.decode()
    assert response.status_code == 422 and why in html
    assert 'value="exploradora"' in html, "the name must not be typed again"
    assert not password or password not in html
    assert not Person.objects.exists()


@pytest.mark.parametrize("name", ["", "x", "x" * 31, " \t ", "x" * 100_000], ids=lambda name: f"{len(name)}")
def test_a_name_of_a_wrong_length_is_refused(client, name):
    response = client.post(SIGN_UP, GOOD | {"username": name})
    assert response.status_code == 422 and response.context["form"].errors["username"]
    assert not Person.objects.exists()


def test_nobody_makes_themselves_an_operator(client):
    client.post(SIGN_UP, GOOD | {"is_staff": "1", "is_superuser": "1", "is_guest": "1"})
    dora = Person.objects.get()
    assert not (dora.is_staff or dora.is_superuser or dora.is_guest)
