"""A page is sent 1, 2, 3 … whatever happens to the notices on their way."""

import asyncio
import random

from channels.layers import get_channel_layer

from partyline.live import frames, log, notices

from .conftest import in_thread


def seen_in_order(page, key, last):
    return page.seqs(key) == list(range(1, last + 1))


async def reader(pages, key, epoch):
    page = await pages()
    await page.resume(**{key: (epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    return page


async def test_lost_notices_are_healed_by_the_heads_check(pages, wall, write, where, settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 0.2
    page = await reader(pages, wall, (await where(wall)).epoch)
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    await write(wall, "one", "two", "three")
    await page.until(lambda frame: frame.get("seq") == 3)
    assert seen_in_order(page, wall, 3)


async def test_a_hole_is_filled_from_the_log(pages, wall, write, where, settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 1000.0  # the hole itself must do it
    page = await reader(pages, wall, (await where(wall)).epoch)
    with monkeypatch.context() as patch:
        patch.setattr(notices, "send", lambda group, message: None)
        await write(wall, "one", "two")
    await write(wall, "three")
    await page.until(lambda frame: frame.get("seq") == 3)
    assert seen_in_order(page, wall, 3)


async def test_doubled_and_shuffled_notices_change_nothing(pages, wall, write, where, settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 1000.0
    epoch = (await where(wall)).epoch
    page = await reader(pages, wall, epoch)
    with monkeypatch.context() as patch:
        patch.setattr(notices, "send", lambda group, message: None)
        await write(wall, *map(str, range(1, 31)))
    layer, chance = get_channel_layer(), random.Random(7)
    numbers = [*range(1, 31), *range(1, 31)]
    chance.shuffle(numbers)
    for seq in numbers:
        frame = frames.entry(wall, seq, str(seq))
        message = {"type": "entry", "key": wall, "epoch": epoch, "seq": seq, "frame": frame}
        await layer.group_send(notices.group_of(wall), message)
    await page.until(lambda frame: frame.get("seq") == 30)
    assert seen_in_order(page, wall, 30)


async def test_joining_while_others_write_leaves_no_crack(pages, wall, write, where):
    epoch = (await where(wall)).epoch
    writers = [asyncio.create_task(write(wall, *["x"] * 25)) for _ in range(4)]
    joined = [await reader(pages, wall, epoch) for _ in range(5)]
    await asyncio.gather(*writers)
    for page in joined:
        await page.until(lambda frame: frame.get("seq") == 100)
        assert seen_in_order(page, wall, 100)


async def test_a_long_absence_is_read_from_the_log_in_pieces(pages, wall, write, where):
    await write(wall, *map(str, range(1, 451)))
    page = await reader(pages, wall, (await where(wall)).epoch)
    assert seen_in_order(page, wall, 450)


async def test_who_lacks_too_much_is_told_to_reload(pages, wall, write, where, monkeypatch):
    monkeypatch.setattr("partyline.live.hub.RESUME_LIMIT", 10)
    await write(wall, *["x"] * 11)
    page = await pages()
    await page.resume(**{wall: ((await where(wall)).epoch, 0)})
    await page.until(lambda frame: "reset" in frame)
    assert page.seqs(wall) == []


async def test_a_lost_numbering_resets_who_is_here(pages, wall, write, where, settings, monkeypatch):
    """The stream is made anew (a restored backup): every page must reload, none may go on counting."""
    settings.WS_HEADS_SECONDS = 0.2
    await write(wall, "one", "two")
    page = await reader(pages, wall, (await where(wall)).epoch)

    def make_anew():
        log.Stream.objects.filter(key=wall).delete()
        return log.position(wall)

    epoch, _ = await in_thread(make_anew)
    reset = await page.until(lambda frame: "reset" in frame)
    assert reset["reset"] == {"epoch": epoch, "head": 0}
    await write(wall, "new one")
    entry = await page.until(lambda frame: frame.get("html") == "new one")
    assert entry["seq"] == 1


async def test_a_reconnect_storm_asks_the_log_nothing(pages, wall, write, where, monkeypatch):
    await write(wall, *["x"] * 50)
    epoch = (await where(wall)).epoch
    await reader(pages, wall, epoch)  # the tail is in memory now
    monkeypatch.setattr(log, "read", lambda *args: 1 / 0)
    for page in [await reader(pages, wall, epoch) for _ in range(20)]:
        assert seen_in_order(page, wall, 50)


async def test_a_layer_that_hangs_holds_up_no_heads_check(
    pages, wall, write, where, hub, settings, monkeypatch
):
    """As Redis does when it is stopped: whoever asks it for something waits."""
    settings.WS_HEADS_SECONDS = 0.1
    page = await reader(pages, wall, (await where(wall)).epoch)
    monkeypatch.setattr("partyline.live.receiver.JOIN_SECONDS", 1000)
    monkeypatch.setattr(hub.layer, "group_add", lambda *args: asyncio.Event().wait())
    monkeypatch.setattr(notices, "send", lambda group, message: None)
    for number in range(1, 4):
        await write(wall, str(number))
        await page.until(lambda frame, number=number: frame.get("seq") == number)
    assert seen_in_order(page, wall, 3)
