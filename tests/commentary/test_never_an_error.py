"""Whatever comes in by a form, an address or a frame: a refusal in words, never an error of ours."""

import json
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partyline.commentary.handlers import KIND
from partyline.commentary.reactions import BATCHES, write_all
from partyline.live.kinds import Refused
from partyline.live.parse import parse

pytestmark = pytest.mark.django_db
# The database is left as it is by all examples of a test: what they make, belongs to what they try.
often = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

anything = st.one_of(
    st.text(max_size=50),
    st.integers().map(str),
    st.sampled_from(
        ["", "0", "1", "-1", "like", "x" * 4001, "9" * 400, "\0", "\x1b", "\u202e", "2026-05-01T12:30"]
    ),
    st.sampled_from(
        ["<script>", "{{ 7 }}", "%s", "' OR 1=1 --", "https://[", "http://a b", "\u0663", "🎉" * 200]
    ),
    st.datetimes().map(str),
    st.uuids().map(str),
)
FIELDS = [
    "text",
    "note",
    "reaction",
    "on",
    "client_id",
    "title",
    "starts",
    "is_open",
    "name",
    "person",
    "reopen",
    "feeds",
    "collect",
]
forms = st.dictionaries(st.sampled_from(FIELDS), anything)
queries = st.dictionaries(st.sampled_from(["before", "only", "page", "reaction", "next"]), anything)


@pytest.fixture
def note(event, alice):
    return event.note(alice, "words")


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Keep reactions in this test's transaction, and let nobody be too fast."""
    monkeypatch.setattr(BATCHES, "put", lambda item: write_all([item]))
    monkeypatch.setattr("partyline.live.limits.check", lambda *args, **kwargs: None)


def addresses(event, note):
    one = ["list", "event", "fragment", "feed", "feeds", "note", "settings", "commentators", "end"]
    yield reverse("commentary:list")
    yield from (reverse(f"commentary:{name}", args=[event.pk]) for name in one[1:])
    of_note = ["permalink", "edit", "remove", "key", "pin", "react"]
    yield from (reverse(f"commentary:{name}", args=[event.pk, note.pk]) for name in of_note)
    yield reverse("rooms:beside", args=[event.key])


def test_every_address_is_tried(event, note):
    from partyline.commentary.urls import urlpatterns

    assert len(list(addresses(event, note))) == len(urlpatterns) + 1


@often
@given(data=st.data())
def test_addresses_and_forms(event, note, alice, data):
    client = Client(raise_request_exception=False)
    if data.draw(st.booleans()):
        client.force_login(alice)
    address = data.draw(st.sampled_from(list(addresses(event, note))))
    headers = {"HTTP_HX_REQUEST": "true"} if data.draw(st.booleans()) else {}
    if data.draw(st.booleans()):
        response = client.post(address, data.draw(forms), **headers)
    else:
        response = client.get(address, data.draw(queries), **headers)
    assert response.status_code < 500
    for name in ("event", "feed", "list"):  # what was taken in, is shown
        page = reverse(f"commentary:{name}", args=[event.pk] if name != "list" else [])
        assert client.get(page).status_code == 200


@often
@given(data=st.data())
def test_frames(event, note, alice, bob, data):
    type = data.draw(st.sampled_from(sorted(KIND.handlers)))
    fields = data.draw(forms) | data.draw(st.sampled_from([{}, {"note": str(note.pk)}]))
    fields |= data.draw(st.sampled_from([{}, {"client_id": str(uuid.uuid4())}]))
    id = data.draw(st.sampled_from([str(event.pk), "0", "x", "9" * 64, "-", "_"]))
    try:
        frame = parse(json.dumps({"type": type} | fields))
        KIND.handlers[type](data.draw(st.sampled_from([alice, bob])), id, frame)
    except Refused as refused:
        assert refused.code and refused.message
    for draw in (KIND.states | KIND.clock).values():
        assert isinstance(draw(str(event.pk)), str)


@often
@given(path=st.text(max_size=30))
def test_any_address(event, path):
    client = Client(raise_request_exception=False)
    for begin in ("/events/", f"/events/{event.pk}/", f"/events/{event.pk}/notes/", "/rooms/beside/"):
        assert client.get(begin + path).status_code < 500
