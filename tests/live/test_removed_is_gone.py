"""What is changed or removed is so for who comes later, too: in the log, in the tails, on every page."""

import asyncio

import pytest
from django.db import transaction

from partyline.live import log, pool
from partyline.live.models import Entry

from .conftest import in_thread

ADD = '<ol hx-swap-oob="beforeend:#x"><li id="t">{}</li></ol>'


@pytest.fixture
def change():
    """Return a coroutine function that changes the thing "t" of a stream (no text: removes it)."""

    def amend(key, text):
        with transaction.atomic():
            html = (
                f'<li id="t" hx-swap-oob="true">{text}</li>'
                if text
                else '<li id="t" hx-swap-oob="delete"></li>'
            )
            log.amend(key, "t", html, anew=ADD.format(text) if text else "")

    async def change(key, text=""):
        await in_thread(amend, key, text)

    return change


@pytest.fixture
def bring():
    """Return a coroutine function that publishes the thing "t"."""

    def publish(key, text):
        with transaction.atomic():
            log.publish(key, ADD.format(text), thing="t")

    async def bring(key, text):
        await in_thread(publish, key, text)

    return bring


def texts(page):
    return "".join(frame.get("html", "") for frame in page.frames)


async def test_it_works(pages, wall, write, bring, change, where):
    page = await pages()
    await page.resume(**{wall: ((await where(wall)).epoch, 0)})
    await bring(wall, "first words")
    await change(wall, "better words")
    await change(wall)
    last = await page.until(lambda frame: frame.get("seq") == 3)
    assert page.seqs(wall) == [1, 2, 3], "who is here sees every step"
    assert last["html"].endswith('hx-swap-oob="delete"></li>')


async def test_who_comes_later_gets_the_new_text_once(pages, wall, write, bring, change, where):
    epoch = (await where(wall)).epoch
    await write(wall, "before")
    await bring(wall, "first words")
    await change(wall, "second words")
    await change(wall, "third words")
    page = await pages()
    await page.resume(**{wall: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == [1, 2, 3, 4]
    assert [frame["html"] for frame in page.frames if "seq" in frame][1:] == [
        ADD.format("third words"),
        "",
        '<li id="t" hx-swap-oob="true">third words</li>',
    ]


@pytest.mark.parametrize("notice", ["comes", "is lost"])
async def test_a_tail_in_memory_forgets_it(
    pages, wall, write, bring, change, where, hub, settings, monkeypatch, notice
):
    """The hub has had it in memory all the while; nothing of it may reach who resumes."""
    settings.WS_HEADS_SECONDS = 0.2
    epoch = (await where(wall)).epoch
    witness = await pages()
    await witness.resume(**{wall: (epoch, 0)})
    await write(wall, "before")
    await bring(wall, "a secret")
    await write(wall, "after")
    await witness.until(lambda frame: frame.get("seq") == 3)
    if notice == "is lost":
        monkeypatch.setattr("partyline.live.notices.send", lambda group, message: None)
    await change(wall)
    await witness.until(lambda frame: frame.get("seq") == 4)
    page = await pages()
    await page.resume(**{wall: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == [1, 2, 3, 4]
    assert "a secret" not in texts(page)
    assert "a secret" not in "".join(
        await in_thread(lambda: list(Entry.objects.values_list("html", flat=True)))
    )


async def test_the_tail_is_whole_again_after_it(pages, wall, write, bring, change, where, hub, monkeypatch):
    """Else every reconnect after a removal would ask the database."""
    epoch = (await where(wall)).epoch
    witness = await pages()
    await witness.resume(**{wall: (epoch, 0)})
    await write(wall, *map(str, range(1, 21)))
    await bring(wall, "a secret")
    await witness.until(lambda frame: frame.get("seq") == 21)
    await change(wall)
    await witness.until(lambda frame: frame.get("seq") == 22)
    while hub.errands:
        await asyncio.sleep(0.01)
    monkeypatch.setattr(log, "read", lambda *args: 1 / 0)
    page = await pages()
    await page.resume(**{wall: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == list(range(1, 23))
    assert "a secret" not in texts(page)


async def test_a_removal_while_the_tail_is_read_again(pages, wall, write, change, where, hub, monkeypatch):
    """What the read brings was so before the removal."""
    epoch = (await where(wall)).epoch
    witness = await pages()
    await witness.resume(**{wall: (epoch, 0)})
    await in_thread(bring_all, wall, {"secret": "a secret", "other": "words"})
    await witness.until(lambda frame: frame.get("seq") == 2)
    come, go, run = asyncio.Event(), asyncio.Event(), pool.run

    async def held(function, *args):
        found = await run(function, *args)
        if function is log.read and not come.is_set():
            come.set()
            await go.wait()
        return found

    monkeypatch.setattr(pool, "run", held)
    await in_thread(amend, wall, "other", "other words")  # the tail forgets both, and reads them again
    await come.wait()
    await in_thread(amend, wall, "secret", "")
    await witness.until(lambda frame: frame.get("seq") == 4)
    go.set()
    while hub.errands:
        await asyncio.sleep(0.01)
    page = await pages()
    await page.resume(**{wall: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == [1, 2, 3, 4]
    assert "a secret" not in texts(page)


def bring_all(key, things):
    for thing, text in things.items():
        with transaction.atomic():
            log.publish(key, text, thing=thing)


def amend(key, thing, text):
    with transaction.atomic():
        log.amend(key, thing, text, anew=text)


async def test_a_change_whose_first_entry_is_trimmed_brings_it_to_nobody_anew(
    transactional_db, wall, bring, change
):
    await bring(wall, "first words")
    await change(wall, "second words")
    await in_thread(Entry.objects.filter(seq=1).delete)
    await change(wall, "third words")
    kept = await in_thread(lambda: list(Entry.objects.order_by("seq").values_list("seq", "html")))
    assert kept == [(2, ""), (3, '<li id="t" hx-swap-oob="true">third words</li>')]
