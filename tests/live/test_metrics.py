"""A ws process counts what it does for its sockets."""

import time

import pytest
from prometheus_client import REGISTRY

from partyline.live import notices
from partyline.live.metrics import HubCollector

OPEN = "wall:open"


@pytest.fixture
def counted():
    """Return a function that tells by how much a sample has risen since the test began."""

    def value(name, labels):
        return REGISTRY.get_sample_value(name, labels) or 0

    before = {}
    for family in REGISTRY.collect():
        for sample in family.samples:
            before[sample.name, tuple(sorted(sample.labels.items()))] = sample.value

    return lambda name, **labels: value(name, labels) - before.get((name, tuple(sorted(labels.items()))), 0)


def present(hub):
    return {family.name: family.samples[0].value for family in HubCollector(hub).collect()}


def resumed(frame):
    return "resumed" in frame


async def test_it_works(pages, hub, write, where, counted):
    one, two = await pages(), await pages()
    for page in (one, two):
        await page.resume(**{OPEN: await where(OPEN)})
        await page.until(resumed)
    assert present(hub)["partyline_ws_connections"] == 2
    assert present(hub)["partyline_streams"] == 1
    await write(OPEN, "a", "b", "c")
    for page in (one, two):
        await page.until(lambda frame: frame.get("seq") == 3)
    assert counted("partyline_published_total", kind="wall") == 3
    assert counted("partyline_entries_total") == 3
    assert counted("partyline_deliveries_total") == 6
    assert counted("partyline_delivery_seconds_count") == 3
    assert present(hub)["partyline_owed_bytes"] == 0
    assert counted("partyline_resumes_total", by="nothing") == 2


async def test_resumes_by_where_they_came_from(pages, hub, write, where, counted):
    start = await where(OPEN)
    await write(OPEN, *map(str, range(250)))
    page = await pages()
    await page.resume(**{OPEN: (start.epoch, 245)})
    await page.until(resumed)
    assert counted("partyline_resumes_total", by="memory") == 1
    page = await pages()
    await page.resume(**{OPEN: (start.epoch, 1)})
    await page.until(resumed)
    assert counted("partyline_resumes_total", by="log") == 1
    page = await pages()
    await page.resume(**{OPEN: ("another", 1)})
    await page.until(lambda frame: "reset" in frame)
    assert counted("partyline_resets_total") == 1


async def test_the_delay_runs_from_the_commit(pages, write, where, counted, monkeypatch):
    page = await pages()
    await page.resume(**{OPEN: await where(OPEN)})
    await page.until(resumed)
    send = notices.send
    late = lambda group, message: send(group, message | {"at": time.time() - 3})  # noqa: E731
    monkeypatch.setattr(notices, "send", late)
    await write(OPEN, "late")
    await page.until(lambda frame: "seq" in frame)
    assert 3 <= counted("partyline_delivery_seconds_sum") < 30


async def test_a_notice_of_an_earlier_release_says_no_time(pages, write, where, counted, monkeypatch):
    page = await pages()
    await page.resume(**{OPEN: await where(OPEN)})
    await page.until(resumed)
    send = notices.send
    monkeypatch.setattr(
        notices, "send", lambda group, message: send(group, {k: v for k, v in message.items() if k != "at"})
    )
    await write(OPEN, "old")
    await page.until(lambda frame: "seq" in frame)
    assert counted("partyline_delivery_seconds_count") == 0


async def test_who_is_refused_is_counted_by_the_reason(pages, counted):
    page = await pages(origin="http://elsewhere.example")
    assert not page.accepted
    assert counted("partyline_ws_refused_total", why="origin") == 1


async def test_a_lost_notice_is_counted_as_a_hole(pages, write, where, counted, monkeypatch):
    page = await pages()
    await page.resume(**{OPEN: await where(OPEN)})
    await page.until(resumed)
    send = notices.send
    monkeypatch.setattr(notices, "send", lambda *args: None)
    await write(OPEN, "lost")
    monkeypatch.setattr(notices, "send", send)
    await write(OPEN, "found")
    await page.until(lambda frame: frame.get("seq") == 2)
    assert counted("partyline_holes_total") == 1
