"""Whoever comes in is led to a page of this site, whatever `next` says."""

import pytest
from django.urls import reverse

ELSEWHERE = [
    "https://evil.example/",
    "http://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "http:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://testserver@evil.example/",
    "\x08//evil.example",
]
FORMS = {
    "people:sign-up": {"username": "dora", "password": "explores-5-caves"},
    "people:sign-in": {"username": "alice", "password": "wonder-4-land"},
    "people:guest": {"username": "gus"},
    "people:sign-out": {},
}


@pytest.mark.parametrize("name", FORMS)
def test_it_works(client, alice, name):
    response = client.post(reverse(name), FORMS[name] | {"next": "/rooms/7/?a=b"})
    assert response["Location"] == "/rooms/7/?a=b"


@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("name", FORMS)
def test_elsewhere_is_refused(client, alice, name, where):
    home = reverse("rooms:list")
    assert client.post(reverse(name), FORMS[name] | {"next": where})["Location"] == home
    client.logout()
    query = f"{reverse(name)}?next={where}"
    if name != "people:sign-out":
        assert f'value="{where}"' not in client.get(reverse(name), {"next": where}).content.decode()
    data = FORMS[name] | ({"username": "others"} if name in ("people:sign-up", "people:guest") else {})
    assert client.post(query, data)["Location"] == home
