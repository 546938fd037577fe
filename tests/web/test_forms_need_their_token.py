"""Whatever changes something takes a POST with the token of the page that it came from."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from partyline.jobs.models import Job
from partyline.people.models import Person
from partyline.rooms.models import Message, Room


@pytest.fixture
def checked(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    return client


def counts():
    return Room.objects.count(), Message.objects.count(), Person.objects.count(), Job.objects.count()


def test_it_works(checked, hostile):
    room, _, _ = hostile
    html = checked.get(room.get_absolute_url()).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    client_id = re.search(r'name="client_id" value="([\w-]+)"', html)[1]
    fields = {"csrfmiddlewaretoken": token, "text": "with a token", "client_id": client_id}
    assert checked.post(reverse("rooms:say", args=[room.pk]), fields).status_code == 302
    assert room.messages.filter(text="with a token").exists()


def test_every_form_carries_one(checked, pages):
    found = 0
    for page in pages.values():
        response = checked.get(page)
        if response.status_code == 200 and not response.streaming:
            forms = re.findall(r'<form[^>]*method="post".*?</form>', response.content.decode(), re.DOTALL)
            found += len(forms)
            assert all("csrfmiddlewaretoken" in form for form in forms), page
    assert found > 12


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_done_without_one(checked, pages, method):
    before = counts()
    fields = {"text": "x", "name": "bob", "username": "dora", "password": "explores-5-caves", "title": "x"}
    del pages["people:unsubscribe"]  # its link is the token: mail programs send it (RFC 8058)
    for name, page in pages.items():
        response = getattr(checked, method)(page, fields if method == "post" else "{}")
        assert response.status_code == 403, name
        assert "That form had gone stale" in response.content.decode(), name
    assert counts() == before
    assert checked.get(reverse("rooms:list")).context["user"].is_authenticated


def test_another_sites_form_is_refused(checked, hostile):
    room, _, _ = hostile
    html = checked.get(room.get_absolute_url()).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)[1]
    page = reverse("rooms:say", args=[room.pk])
    response = checked.post(page, {"csrfmiddlewaretoken": token}, HTTP_ORIGIN="https://evil.example")
    assert response.status_code == 403


def test_a_get_changes_nothing(as_, alice, pages):
    before, client = counts(), as_(alice)
    for page in pages.values():
        for method in (client.get, client.head, client.options):
            assert method(page).status_code < 400 or method(page).status_code == 405
    assert counts() == before
    assert client.get(reverse("rooms:list")).context["user"].is_authenticated
