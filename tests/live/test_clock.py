"""What is drawn by the clock is drawn while somebody looks, by one process, and sent when it has changed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, ProgrammingError

from partyline.live import state
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import Away, store
from tests.site import until

from .conftest import in_thread
from .own_redis import MISSING, own_redis  # noqa: F401

KEY = "board:1"


@pytest.fixture
def drawn(monkeypatch):
    """Register a board with a clock state, whose text is drawn["text"]; drawn["times"] counts."""
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 0.05)
    monkeypatch.setattr(state, "TURN_SECONDS", 0.03)
    drawn = {"text": "one", "times": 0}

    def draw(id):
        drawn["times"] += 1
        return drawn["text"]

    def crash(id):
        raise RuntimeError("a drawing's mistake")

    def ask(id):
        raise ProgrammingError("a column that is not there yet")

    clock = {"broken": crash, "early": ask, "sum": draw}
    register(Kind("board", may_see=lambda person, id: True, clock=clock))
    yield drawn
    del _kinds["board"]


@pytest.fixture
def long_turns(monkeypatch):
    monkeypatch.setattr(state, "TURN_SECONDS", 1000)


async def test_it_works(drawn, pages):
    """Beside states whose drawing fails."""
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "one")
    drawn["text"] = "two"
    await page.until(lambda frame: frame.get("html") == "two")
    assert len([frame for frame in page.frames if frame.get("html") == "two"]) == 1


async def test_one_that_the_database_does_not_answer_does_not_always_hold_up_the_same(drawn, pages):
    page = await pages()
    keys = [f"board:{number}" for number in range(4)]
    await page.resume(**{key: ("", 0) for key in keys})
    await page.until(lambda frame: frame.get("html") == "one" and frame["stream"] == keys[-1])

    def draw(id):
        if id == "0":
            raise OperationalError("too slow")
        return "two"

    _kinds["board"].clock["sum"] = draw
    for key in keys[1:]:
        await page.until(lambda frame, key=key: frame.get("html") == "two" and frame["stream"] == key)


async def test_where_nobody_looks_nothing_is_drawn(drawn, pages):
    page = await pages()
    await page.resume(**{KEY: ("", 0), "board:2": ("", 0)})
    await page.until(lambda frame: frame.get("html") == "one" and frame["stream"] == "board:2")
    await page.send(type="leave", streams=["board:2"])
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)  # the frame before has been handled
    drawn["text"] = "two"
    await page.until(lambda frame: frame.get("html") == "two")  # and no round of before is under way
    asked = set()
    _kinds["board"].clock["sum"] = lambda id: asked.add(id) or drawn["text"]
    for text in ("three", "four"):  # a whole round goes by
        drawn["text"] = text
        await page.until(lambda frame, text=text: frame.get("html") == text)
    assert asked == {"1"}


async def test_who_comes_is_shown_what_is_and_not_what_was_yesterday(drawn, pages, long_turns):
    await in_thread(store().set_state, KEY, "sum", "", "yesterday")
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: frame.get("state") == "sum")
    assert "yesterday" not in [frame.get("html") for frame in page.frames]


def test_one_process_of_all_draws(drawn, long_turns):
    with ThreadPoolExecutor(8) as processes:
        list(processes.map(lambda _: state.redraw_in_turn(KEY, "sum"), range(50)))
    assert drawn["times"] == 1
    state.redraw_in_turn("board:2", "sum")
    assert drawn["times"] == 2, "each stream for itself"


def test_a_turn_ends():
    assert store().turn("count", 0.05) and store().turn("other", 0.05)
    until(lambda: store().turn("count", 1000), "the turn is free again")
    assert not store().turn("count", 1000)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_while_redis_is_away_it_is_everybodys_turn(own_redis):  # noqa: F811
    assert store().turn("count", 1000) and not store().turn("count", 1000)
    own_redis.kill()
    assert store().turn("count", 1000) and store().turn("count", 1000)


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_while_redis_is_away_each_process_draws_for_its_own_pages(own_redis, drawn, pages):  # noqa: F811
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "one")
    own_redis.kill()
    drawn["text"] = "Redis is away"
    await page.until(lambda frame: frame.get("html") == "Redis is away")
    own_redis.start()
    drawn["text"] = "it is back"
    await page.until(lambda frame: frame.get("html") == "it is back")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_while_redis_is_away_who_comes_waits_for_no_round(own_redis, drawn, pages, monkeypatch):  # noqa: F811
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 1000)
    first = await pages()
    await first.resume(**{KEY: ("", 0)})
    await first.until(lambda frame: frame.get("html") == "one")
    own_redis.kill()
    drawn["text"] = "Redis is away"
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "Redis is away")


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
async def test_what_was_drawn_while_redis_hung_goes_when_it_is_back(own_redis, drawn, pages):  # noqa: F811
    """What is drawn then is what was shown before: how many look, say, which nobody knows without Redis."""

    def draw(id):
        try:
            store().ping()
        except Away:
            return "nobody knows"
        return "one"

    _kinds["board"].clock["sum"] = draw
    page = await pages()
    await page.resume(**{KEY: ("", 0)})
    await page.until(lambda frame: frame.get("html") == "one")
    own_redis.hang()
    await page.until(lambda frame: frame.get("html") == "nobody knows")
    own_redis.go_on()
    page.frames.clear()
    await page.until(lambda frame: frame.get("html") == "one")
