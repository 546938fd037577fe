"""A stream keeps so many entries for so long; who comes from before them loads anew, nobody else notices."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from partyline.live import trim as trim_module
from partyline.live.log import heads, publish
from partyline.live.models import Entry
from partyline.live.trim import trim

from .conftest import in_thread


@pytest.fixture
def few(settings, monkeypatch):
    settings.STREAM_KEEP_ENTRIES, settings.STREAM_KEEP_DAYS = 5, 1.0
    monkeypatch.setattr(trim_module, "BATCH", 3)


def fill(key, count):
    for number in range(count):
        with transaction.atomic():
            publish(key, str(number))


def age(key, upto, days):
    Entry.objects.filter(stream=key, seq__lte=upto).update(created=timezone.now() - timedelta(days=days))


def kept(key):
    seqs = list(Entry.objects.filter(stream=key).order_by("seq").values_list("seq", flat=True))
    _, head, oldest = heads([key])[key]
    assert seqs == list(range(oldest, head + 1)), "no hole, and `oldest` tells the truth"
    return len(seqs)


@pytest.mark.django_db(transaction=True)
def test_it_works(few):
    fill("wall:1", 17)
    fill("wall:2", 3)
    assert trim() == 12
    assert (kept("wall:1"), kept("wall:2")) == (5, 3)
    assert trim() == 0


@pytest.mark.django_db(transaction=True)
def test_by_age(few):
    fill("wall:1", 5)
    age("wall:1", 4, days=2)
    assert trim() == 4
    assert kept("wall:1") == 1
    age("wall:1", 5, days=2)
    trim()
    assert kept("wall:1") == 0
    fill("wall:1", 1)
    assert Entry.objects.get().seq == 6, "the numbers go on"


@pytest.mark.django_db(transaction=True)
def test_several_at_once_while_others_write(few):
    fill("wall:1", 30)
    with ThreadPoolExecutor(5) as threads:
        writers = [threads.submit(alone, fill, "wall:1", 20) for _ in range(2)]
        trimmers = [threads.submit(alone, trim) for _ in range(9)]
        for each in (*writers, *trimmers):
            each.result()
    trim()
    assert heads(["wall:1"])["wall:1"][1] == 70
    assert kept("wall:1") == 5


def alone(function, *args):
    """Call it in a thread, and leave no connection of that thread open."""
    try:
        return function(*args)
    finally:
        connection.close()


async def test_who_lacks_what_is_gone_loads_anew_and_who_does_not_goes_on(
    pages, wall, where, few, hub, settings
):
    settings.WS_HEADS_SECONDS = 0.2
    epoch = (await where(wall)).epoch
    here = await pages()
    await here.resume(**{wall: (epoch, 0)})
    await in_thread(fill, wall, 300)
    await here.until(lambda frame: frame.get("seq") == 300)
    await in_thread(trim)
    while hub.tails[wall].oldest != 296:  # learnt by the next heads check
        await asyncio.sleep(0.01)
    for cursor, answer in ((295, "resumed"), (294, "reset"), (0, "reset"), (300, "resumed")):
        page = await pages()
        await page.resume(**{wall: (epoch, cursor)})
        assert answer in await page.until(lambda frame: "resumed" in frame or "reset" in frame)
    await in_thread(fill, wall, 1)
    await here.until(lambda frame: frame.get("seq") == 301)
    assert here.seqs(wall) == list(range(1, 302))
