"""Bad input: a clear answer to the person, nothing kept, no traceback, and the socket lives on."""

import asyncio
import uuid

import pytest
from websockets.exceptions import ConnectionClosed

from tests.stack.page import dial
from tests.stack.visitor import Visitor, key_of, texts

pytestmark = pytest.mark.usefixtures("no_traceback")

EMPTY = {"nothing": "", "blanks": "  \n\t ", "lines": "\r\n\r\n"}
HUGE = "x" * 100_000


@pytest.fixture(scope="module")
def private(bob):
    """The path of a room that Alice and Charlie may not enter."""
    path = bob.make_room(private=True)
    assert bob.say(path, "among us").status == 302
    return path


@pytest.fixture
async def socket(page, alice, room):
    socket = await page(alice)
    await socket.resume(key_of(room))
    return socket


async def lives_on(socket, room):
    """Fail unless this very socket can still say something."""
    assert "done" in await socket.say(key_of(room), "still here")


# An empty message, a huge one


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY.keys())
async def test_an_empty_message(socket, room, text):
    answer = await socket.say(key_of(room), text)
    assert (answer["code"], answer["message"]) == ("empty", "There is nothing in this message.")
    await lives_on(socket, room)


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY.keys())
def test_an_empty_message_by_the_form(alice, room, text):
    answer = alice.say(room, text)
    assert answer.status == 422 and "There is nothing in this message." in answer.text


async def test_a_huge_message(socket, room):
    answer = await socket.say(key_of(room), HUGE)
    assert answer["code"] == "too_long" and "too long" in answer["message"]
    await lives_on(socket, room)


async def test_a_message_over_the_limit_of_characters(socket, room):
    answer = await socket.say(key_of(room), "x" * 4001)
    assert answer["message"] == "This message is too long: 4001 of 4000 characters."
    await lives_on(socket, room)


def test_a_huge_message_by_the_form(alice, room):
    answer = alice.say(room, HUGE)
    assert answer.status == 422 and "This message is too long: 100000 of 4000 characters." in answer.text
    assert HUGE in answer.text, "what was typed is still in the form"
    assert HUGE not in texts(alice.get(room).text)


async def test_a_frame_beyond_every_limit_ends_that_socket_alone(behind_nginx, socket, alice, room):
    async with dial(behind_nginx, alice) as other:
        with pytest.raises(ConnectionClosed):
            await other.send("x" * 1_000_000)
            await asyncio.wait_for(other.recv(), 20)
    await lives_on(socket, room)


# A room that one may not enter, a room that is not there


async def test_a_private_room_is_closed_to_others(socket, page, bob, private, room):
    key, member = key_of(private), await page(bob)
    await member.resume(key)
    assert (await socket.resume(key))["refused"] == "not_allowed"
    answer = await socket.say(key, "let me in")
    assert (answer["code"], answer["message"]) == ("not_allowed", "You may not speak here.")
    assert "done" in await member.say(key, "a secret")
    await lives_on(socket, room)
    assert not [f for f in socket.frames if f.get("stream") == key and "refused" not in f]
    assert texts(bob.get(private).text) == ["among us", "a secret"]


def test_a_private_room_is_not_there_for_others(charlie, private):
    assert charlie.get(private).status == charlie.get(f"{private}fragment/").status == 404
    assert charlie.say(private, "let me in").status == 404
    assert charlie.post(f"{private}transcript/").status == 404
    assert charlie.post(f"{private}invite/", name=charlie.name).status == 404
    assert private not in charlie.get("/").text


UNKNOWN = [
    "room:999999999",
    "room:99999999999999999999",
    "room:x",
    "room:",
    "garden:1",
    "me:999999999",
    "",
    5,
    None,
]


@pytest.mark.parametrize("key", UNKNOWN, ids=repr)
async def test_an_unknown_room(socket, room, key):
    answer = await socket.say(key, "hello")
    assert answer["code"] in ("not_allowed", "bad_frame") and answer["message"].endswith(".")
    if isinstance(key, str):
        assert (await socket.resume(key))["refused"] == "not_allowed"
    await lives_on(socket, room)


@pytest.mark.parametrize("path", ["/rooms/999999999/", "/rooms/99999999999999999999/", "/rooms/x/"])
def test_an_unknown_room_by_the_form(alice, path):
    assert alice.get(path).status == alice.say(path, "hello").status == 404


# Not JSON, the wrong shape

FRAMES = {
    "not JSON": "{hello",
    "nothing": "",
    "a list": "[]",
    "a number": "5",
    "no type": '{"text": "hello"}',
    "a type that is a list": '{"type": []}',
    "an unknown type": '{"type": "dance", "stream": "room:1"}',
    "streams that are a list": '{"type": "resume", "streams": []}',
    "a cursor that is text": '{"type": "resume", "streams": {"room:1": {"epoch": "", "seq": "1"}}}',
    "deeply nested": "[" * 20_000,
    "half a character": '{"type": "say", "stream": "room:1", "text": "\\ud800"}',
    "bytes": b"\x00\xff",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
async def test_a_frame_that_makes_no_sense(socket, room, frame):
    await socket.socket.send(frame)
    answer = await socket.until(lambda f: "error" in f)
    assert answer["error"] == "bad_frame" and answer["message"].endswith(".")
    await lives_on(socket, room)


SHAPES = {
    "text that is a number": {"text": 5},
    "text that is an object": {"text": {"a": 1}},
    "no text": {},
    "text with a NUL": {"text": "a\0b"},
}


@pytest.mark.parametrize("fields", SHAPES.values(), ids=SHAPES.keys())
async def test_a_message_of_the_wrong_shape(socket, room, fields):
    await socket.send(type="say", stream=key_of(room), client_id=str(uuid.uuid4()), **fields)
    answer = await socket.until(lambda f: "failed" in f)
    assert answer["code"] in ("empty", "invalid") and answer["message"].endswith(".")
    await lives_on(socket, room)


@pytest.mark.parametrize("client_id", ["x", "x" * 1000, 5, None], ids=["short", "long", "number", "none"])
async def test_a_client_id_that_is_none(socket, room, client_id):
    await socket.send(type="say", stream=key_of(room), client_id=client_id, text="hello")
    answer = await socket.until(lambda f: "failed" in f or "error" in f)
    assert answer.get("code", answer.get("error")) == "bad_frame"
    await lives_on(socket, room)


# Names


@pytest.mark.parametrize(
    "change", [str, str.upper, lambda name: f"  {name} "], ids=["same", "case", "blanks"]
)
@pytest.mark.parametrize("door", ["sign-up", "guest"])
def test_a_name_that_somebody_has(site, bob, door, change):
    stranger = Visitor(site)
    fields = {"username": change(bob.name)} | ({"password": "a-long-one-7"} if door == "sign-up" else {})
    answer = stranger.post(f"/people/{door}/", **fields)
    assert answer.status == 422 and "Somebody has this name already." in answer.text
    assert "sessionid" not in stranger.cookies


@pytest.mark.parametrize("name", ["", "x", "x" * 31, "a\u202eb", "a\0b", "\u200b\u200b"], ids=ascii)
def test_a_name_that_is_none(site, name):
    stranger = Visitor(site)
    assert stranger.post("/people/guest/", username=name).status == 422
    assert "sessionid" not in stranger.cookies


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\0b"], ids=ascii)
def test_a_room_name_that_is_none(bob, name):
    assert bob.post("/rooms/new/", name=name).status == 422
