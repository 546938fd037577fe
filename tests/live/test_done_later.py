"""A handler may return a Future: the page is told how it ended when it has, and nothing waits for it."""

import json
import uuid
from concurrent.futures import Future

import pytest
from django.db import OperationalError

from partyline.live.kinds import Refused, _kinds


@pytest.fixture
def later(wall):
    """Return the Futures that the wall's handler `later` has given, by the text of the frame."""
    later = {}

    def do(person, id, fields):
        return later.setdefault(fields["text"], Future())

    _kinds["wall"].handlers["later"] = do
    return later


async def ask(page, wall, text, client_id=None):
    """Send a frame, and see that the next one is handled before it is settled."""
    client_id = client_id or str(uuid.uuid4())
    await page.send(type="later", stream=wall, client_id=client_id, text=text)
    next_one = str(uuid.uuid4())
    await page.send(type="say", stream=wall, client_id=next_one, text="hello")
    await page.until(lambda frame: frame.get("done") == next_one)
    assert client_id not in json.dumps(page.frames)
    return client_id


async def test_it_works(pages, wall, later):
    page = await pages()
    first, second = await ask(page, wall, "a"), await ask(page, wall, "b")
    later["b"].set_result("whatever")
    await page.until(lambda frame: frame.get("done") == second)
    later["a"].set_result(None)
    await page.until(lambda frame: frame.get("done") == first)


async def test_what_is_settled_already(pages, wall, later):
    later["a"] = Future()
    later["a"].set_result(None)
    page = await pages()
    await page.send(type="later", stream=wall, client_id="an id", text="a")
    await page.until(lambda frame: frame.get("done") == "an id")


ERRORS = [
    (Refused("too_long", "This is too long."), "too_long", "This is too long."),
    (OperationalError("secret of the database"), "unavailable", "Not sent"),
    (ValueError("secret of the code"), "error", "Something went wrong"),
]


@pytest.mark.parametrize("error, code, words", ERRORS)
async def test_it_fails(pages, wall, later, error, code, words):
    page = await pages()
    client_id = await ask(page, wall, "a")
    later["a"].set_exception(error)
    failed = await page.until(lambda frame: frame.get("failed") == client_id)
    assert failed["code"] == code and words in failed["message"] and "secret" not in failed["message"]


async def test_it_is_cancelled(pages, wall, later):
    page = await pages()
    client_id = await ask(page, wall, "a")
    later["a"].cancel()
    failed = await page.until(lambda frame: frame.get("failed") == client_id)
    assert failed["code"] == "error"


async def test_a_frame_without_client_id(pages, wall, later):
    page = await pages()
    for text, error in (("a", None), ("b", ValueError("no"))):
        await page.send(type="later", stream=wall, text=text)
        await page.send(type="say", stream=wall, client_id=text, text="hello")
        await page.until(lambda frame, text=text: frame.get("done") == text)
        later[text].set_exception(error) if error else later[text].set_result(None)
    await page.until(lambda frame: frame.get("error") == "error")
    told = [frame for frame in page.frames if {"done", "failed", "error"} & frame.keys()]
    assert [frame.get("done") or frame["error"] for frame in told] == ["a", "b", "error"]


async def test_the_socket_has_gone(pages, wall, later, hub, caplog):
    page, other = await pages(), await pages()
    await ask(page, wall, "a")
    await page.socket.disconnect()
    assert len(hub.sockets) == 1
    later["a"].set_result(None)
    client_id = await ask(other, wall, "b")  # the loop has turned meanwhile
    later["b"].set_result(None)
    await other.until(lambda frame: frame.get("done") == client_id)
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
