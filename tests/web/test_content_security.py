"""Every page forbids all code but the site's own files, and needs none; what people write stays text."""

import re

import pytest
from django.urls import reverse

from partyline.live.log import read
from partyline.live.state import current

from .conftest import HOSTILE

TAG = re.compile(r"<[a-zA-Z](?:\"[^\"]*\"|'[^']*'|[^>\"'])*>")


def everything(client, pages):
    """Yield (name, response, html) of every page that Alice can look at, files aside."""
    for name, page in pages.items():
        response = client.get(page)
        if name not in ("jobs:file", "commentary:feed") and response.status_code == 200:
            yield name, response, response.content.decode()


@pytest.fixture
def alices(as_, alice, pages):
    found = list(everything(as_(alice), pages))
    assert len(found) >= 12
    return found


def test_it_works(alices):
    for name, response, _ in alices:
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy, name
        assert "form-action 'self'" in policy and "base-uri 'none'" in policy, name
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy, name
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"


def test_no_page_needs_what_is_forbidden(alices):
    for name, _, html in alices:
        assert "<style" not in html, name
        assert all(" src=" in tag for tag in re.findall(r"<script\b[^>]*>", html)), name
        for tag in TAG.findall(html):
            quoted = re.sub(r"=(\"[^\"]*\"|'[^']*')", "=", tag)
            assert not re.search(r"\s(on\w+|style|hx-on\S*|hx-vals|hx-vars)=", quoted), f"{name}: {tag}"
        found = re.sub(r'<link rel="alternate"[^>]*>', "", html)  # a feed: no browser loads it
        sources = re.findall(r"<(?:script|link|img)\b[^>]*?(?:src|href)=[\"']([^\"']*)", found)
        assert sources or name.endswith(":fragment"), name
        assert all(source.startswith("/static/") for source in sources), name


def test_what_people_write_stays_text(alices, hostile):
    room, event, job = hostile
    drawn = [html for _, _, html in alices]
    drawn += [frame for key in (room.key, event.key) for _, frame, *_ in read(key, 0, 10)]
    for key in (f"me:{job.person_id}", f"job:{job.pk}", f"errors:{job.pk}"):
        drawn += [frame for _, _, frame in current(key)]
    for html in drawn:
        assert "<script>" not in html and "<img src=x" not in html and ">14<" not in html
    whole = "".join(drawn)
    assert whole.count("&lt;script&gt;") >= 12
    assert HOSTILE not in whole


@pytest.mark.parametrize("name", ["x<b>x", "<script>x</script>", "\"' onload=x", "{{ x }}"])
def test_what_people_type_into_a_refused_form_stays_text(client, db, name):
    html = client.post(reverse("people:sign-up"), {"username": name, "password": ""}).content.decode()
    assert "<b>x" not in html and "<script>x" not in html
    for tag in TAG.findall(html):
        assert not re.search(r"\sonload=", re.sub(r"=(\"[^\"]*\"|'[^']*')", "=", tag))


def test_the_pages_of_errors_too(client, db):
    for page in ("/nothing/", "/rooms/999/", "/<script>alert(1)</script>"):
        response = client.get(page)
        assert response.status_code == 404 and "Content-Security-Policy" in response
        assert "Nothing here" in response.content.decode()
        assert "<script>alert" not in response.content.decode()


def test_a_mistake_of_ours_is_a_page_without_a_traceback(client, db, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("partyline.rooms.views.here_counts", lambda keys: 1 / 0)
    response = client.get(reverse("rooms:list"))
    assert response.status_code == 500
    html = response.content.decode()
    assert "Something broke on our side" in html and "ZeroDivisionError" not in html


def test_a_file_is_a_download(as_, alice, pages):
    response = as_(alice).get(pages["jobs:file"])
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
