"""A state whose notice or whose storing was lost comes all the same."""

import asyncio

import pytest

from partyline.live import notices, state
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import Away, store

from .conftest import in_thread

DRAWN = {"html": "drawn"}


@pytest.fixture
def board():
    register(Kind("board", may_see=lambda person, id: True, states={"sum": lambda id: DRAWN["html"]}))
    DRAWN["html"] = "drawn"
    yield "board:1"
    del _kinds["board"]


@pytest.fixture
def broken():
    """Return what a kind draws: empty it, and its state cannot be drawn any more."""
    drawn = ["drawn"]
    register(Kind("broken", may_see=lambda person, id: True, states={"sum": lambda id: drawn[0]}))
    yield drawn
    del _kinds["broken"]


async def watch(pages, key):
    page = await pages()
    await page.resume(**{key: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "drawn")
    return page


async def test_it_works(board, pages):
    page = await watch(pages, board)
    await in_thread(state.show, board, "sum", "shown")
    await page.until(lambda frame: frame.get("html") == "shown")


async def test_a_lost_notice(board, pages, settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 0.2
    page = await watch(pages, board)
    with monkeypatch.context() as patch:
        patch.setattr(notices, "send", lambda group, message: None)
        await in_thread(state.show, board, "sum", "shown")
    await page.until(lambda frame: frame.get("html") == "shown")


async def test_what_redis_has_not_kept_is_drawn_for_the_next_page(board, pages, monkeypatch):
    await watch(pages, board)
    DRAWN["html"] = "newer"

    def away(*args):
        raise Away("not now")

    with monkeypatch.context() as patch:
        patch.setattr(store(), "set_state", away)
        await in_thread(state.show, board, "sum", "newer")
    page = await pages()
    await page.resume(**{board: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "newer")
    assert "drawn" not in [frame.get("html") for frame in page.frames]


async def test_a_flushed_redis_is_drawn_anew_for_who_is_here(board, pages, settings):
    settings.WS_HEADS_SECONDS = 0.2
    page = await watch(pages, board)
    DRAWN["html"] = "anew"
    await in_thread(forget)
    await page.until(lambda frame: frame.get("html") == "anew")
    assert await in_thread(state.is_kept, board)


async def test_what_cannot_be_drawn_stops_no_other(board, broken, pages, settings, hub):
    settings.WS_HEADS_SECONDS = 0.2
    await watch(pages, "broken:1")
    gone, page = await watch(pages, "board:2"), await watch(pages, board)
    broken.clear()
    DRAWN["html"] = "anew"
    await in_thread(forget)
    await page.until(lambda frame: frame.get("html") == "anew")
    await gone.send(type="leave", streams=["board:2"])
    while "board:2" in hub.tails:
        await asyncio.sleep(0.01)


def forget():
    """Let the store know no states, as a flushed Redis does."""
    if hasattr(store(), "redis"):
        store().redis.flushall()
    else:
        store()._states.clear()
