"""Over a real socket: what is told and felt reaches who reads along, and an outsider is refused in words."""

import json
import uuid

import pytest

from partyline.live.log import position
from tests.live.conftest import in_thread, pages, wall  # noqa: F401 - fixtures


@pytest.fixture
async def reading(pages, event, alice, bob, charlie):  # noqa: F811
    """Return pages of Alice, Charlie and nobody, who read the event."""
    at = await in_thread(position, event.key)
    found = {}
    for name, person in (("alice", alice), ("charlie", charlie), ("nobody", None)):
        found[name] = await pages(person)
        await found[name].resume(**{event.key: at})
        await found[name].until(lambda frame: "resumed" in frame)
    return found


async def say(page, event, type, **fields):
    """Send a frame, and return the answer to it."""
    client_id = str(uuid.uuid4())
    await page.send(type=type, stream=event.key, client_id=client_id, **fields)
    return await page.until(lambda frame: client_id in (frame.get("done"), frame.get("failed")))


async def test_it_works(reading, event, alice):
    assert "done" in await say(reading["alice"], event, "note", text="Goal!")
    for page in reading.values():
        await page.until(lambda frame: "seq" in frame and "Goal!" in frame["html"])
    note = await in_thread(event.told().get)
    assert "done" in await say(reading["charlie"], event, "react", note=str(note.pk), reaction="wow", on="1")
    for page in reading.values():
        told = await page.until(lambda frame: frame.get("state") == "tallies" and "wow" in frame["html"])
        assert json.dumps({str(note.pk): {"wow": 1}}, separators=(",", ":")) in told["html"]
    assert "done" in await say(reading["alice"], event, "pin", note=str(note.pk), on="1")
    for page in reading.values():
        await page.until(lambda frame: frame.get("state") == "highlights" and "Goal!" in frame["html"])


@pytest.mark.parametrize("who", ["charlie", "nobody"])
async def test_an_outsider_is_refused(reading, event, alice, who):
    note = await in_thread(event.note, alice, "Goal!")
    fields = {"note": str(note.pk), "text": "mine", "on": "1"}
    for type in ("note", "edit", "remove", "key", "pin"):
        answer = await say(reading[who], event, type, **fields)
        assert answer["code"] == "not_allowed" and answer["message"], type
    assert await in_thread(lambda: event.told().get().text) == "Goal!"


async def test_who_is_not_signed_in_reads_but_does_not_react(reading, event, alice):
    note = await in_thread(event.note, alice, "Goal!")
    answer = await say(reading["nobody"], event, "react", note=str(note.pk), reaction="wow", on="1")
    assert (answer["code"], answer["message"]) == ("not_allowed", "Sign in to react.")
