"""Every frame of the protocol, and an answer in words to everything that is none."""

import json

import pytest


async def test_resume_from_the_start_sends_all(pages, wall, write, where):
    await write(wall, "one", "two")
    epoch, _ = await where(wall)
    page = await pages()
    await page.resume(**{wall: (epoch, 0)})
    resumed = await page.until(lambda frame: "resumed" in frame)
    assert resumed == {"stream": wall, "resumed": {"epoch": epoch, "head": 2}}
    assert page.frames[:2] == [
        {"stream": wall, "seq": 1, "html": "one"},
        {"stream": wall, "seq": 2, "html": "two"},
    ]


async def test_resume_without_a_cursor_starts_at_the_head(pages, wall, write):
    await write(wall, "one", "two")
    page = await pages()
    await page.resume(**{wall: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == []
    await write(wall, "three")
    await page.until(lambda frame: frame.get("seq") == 3)


async def test_a_live_entry_reaches_every_page(pages, wall, write):
    readers = [await pages() for _ in range(3)]
    for page in readers:
        await page.resume(**{wall: ("", 0)})
        await page.until(lambda frame: "resumed" in frame)
    await write(wall, "hello")
    for page in readers:
        assert (await page.until(lambda frame: "seq" in frame))["html"] == "hello"


async def test_say_is_answered_by_done_and_by_the_entry(pages, wall):
    page = await pages()
    await page.resume(**{wall: ("", 0)})
    await page.send(type="say", stream=wall, client_id="abc", text="<p>hi</p>")
    await page.until(lambda frame: frame == {"done": "abc"})
    entry = await page.until(lambda frame: "seq" in frame)
    assert entry == {"stream": wall, "seq": 1, "html": "<p>hi</p>", "client_id": "abc"}


async def test_what_was_not_done_says_why(pages, wall):
    page = await pages()
    await page.send(type="say", stream=wall, client_id="abc", text="")
    failed = await page.until(lambda frame: "failed" in frame)
    assert failed == {"failed": "abc", "code": "empty", "message": "There is nothing in this."}


async def test_leave_ends_it(pages, wall, write, hub):
    page, other = await pages(), await pages()
    for each in (page, other):
        await each.resume(**{wall: ("", 0)})
        await each.until(lambda frame: "resumed" in frame)
    await page.send(type="leave", streams=[wall])
    await page.send(type="nonsense")
    await page.until(lambda frame: "error" in frame)
    await write(wall, "unseen")
    await other.until(lambda frame: "seq" in frame)
    assert page.seqs(wall) == []


async def test_beat_is_taken_in_silence(pages):
    page = await pages()
    await page.send(type="beat", idle=True)
    await page.send(type="nonsense")
    assert (await page.until(lambda frame: True))["error"] == "bad_frame"


async def test_what_one_may_not_see_is_refused(pages, wall):
    page = await pages()
    await page.resume(**{"wall:closed": ("", 0), "nokind:1": ("", 0), "garbage": ("", 0), wall: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)
    refused = {frame["stream"] for frame in page.frames if frame.get("refused") == "not_allowed"}
    assert refused == {"wall:closed", "nokind:1", "garbage"}


@pytest.mark.parametrize("epoch, seq", [("another", 1), (None, 99)], ids=["unknown epoch", "above the head"])
async def test_what_cannot_be_continued_is_reset(pages, wall, write, where, epoch, seq):
    await write(wall, "one", "two")
    real = await where(wall)
    page = await pages()
    await page.resume(**{wall: (epoch or real.epoch, seq)})
    reset = await page.until(lambda frame: "reset" in frame)
    assert reset == {"stream": wall, "reset": {"epoch": real.epoch, "head": 2}}
    assert page.seqs(wall) == []


async def test_the_drain_asks_to_move(pages, hub):
    page = await pages()
    hub.move(within=3.0)
    assert await page.until(lambda frame: "move" in frame) == {"move": {"within": 3.0}}


BAD = {
    "not JSON": "{",
    "no object": "[]",
    "a number": "5",
    "null": "null",
    "no type": "{}",
    "type of a wrong type": '{"type": 5}',
    "unknown type": '{"type": "dance", "stream": "wall:open"}',
    "no stream": '{"type": "say", "text": "x"}',
    "stream of a wrong type": '{"type": "say", "stream": {"a": 1}, "text": "x"}',
    "unknown stream": '{"type": "say", "stream": "moon:1", "text": "x"}',
    "no streams": '{"type": "resume"}',
    "streams as a list": '{"type": "resume", "streams": ["wall:open"]}',
    "no cursor": '{"type": "resume", "streams": {"wall:open": 5}}',
    "seq as text": '{"type": "resume", "streams": {"wall:open": {"epoch": "", "seq": "1"}}}',
    "seq below zero": '{"type": "resume", "streams": {"wall:open": {"epoch": "", "seq": -1}}}',
    "seq true": '{"type": "resume", "streams": {"wall:open": {"epoch": "", "seq": true}}}',
    "seq beyond everything": '{"type": "resume", "streams": {"wall:open": {"epoch": "", "seq": 1e400}}}',
    "too many streams": json.dumps(
        {"type": "resume", "streams": {f"wall:{n}": {"epoch": "", "seq": 0} for n in range(51)}}
    ),
    "leave without a list": '{"type": "leave", "streams": "wall:open"}',
    "half a character": '{"type": "say", "stream": "wall:open", "text": "\\ud800"}',
    "deeply nested": "[" * 30000,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
async def test_a_bad_frame_is_answered_and_the_socket_lives_on(pages, wall, text):
    page = await pages()
    await page.send_text(text)
    error = await page.until(lambda frame: True)
    assert error["error"] == "bad_frame" and error["message"].endswith(".")
    await page.resume(**{wall: ("", 0)})
    await page.until(lambda frame: "resumed" in frame)


async def test_a_binary_frame_is_a_bad_frame(pages):
    page = await pages()
    await page.socket.send_to(bytes_data=b"\x00\x01")
    assert (await page.until(lambda frame: True))["error"] == "bad_frame"


async def test_a_frame_that_is_too_long_is_answered(pages, wall):
    page = await pages()
    await page.send(type="say", stream=wall, client_id="abc", text="x" * 100_000)
    failed = await page.until(lambda frame: "failed" in frame)
    assert (failed["failed"], failed["code"]) == ("abc", "too_long")


async def test_a_handlers_mistake_is_answered_without_its_traceback(pages, wall):
    page = await pages()
    await page.send(type="crash", stream=wall, client_id="abc")
    failed = await page.until(lambda frame: "failed" in frame)
    assert failed["code"] == "error" and "mistake" not in failed["message"]


async def test_unknown_keys_are_ignored(pages, wall):
    page = await pages()
    await page.send(
        type="say", stream=wall, client_id="a", text="x", HEADERS={"HX-Request": "true"}, more=[1]
    )
    await page.until(lambda frame: frame == {"done": "a"})


async def test_a_flood_is_cut_with_a_code_that_says_so(pages, settings):
    settings.WS_FRAMES_PER_SECOND = 5.0
    page = await pages()
    for _ in range(40):
        await page.send(type="beat", idle=False)
    assert await page.until_closed() == 4429


async def test_frames_of_one_socket_are_handled_in_order(pages, wall):
    page = await pages()
    await page.resume(**{wall: ("", 0)})
    for number in range(20):
        await page.send(type="say", stream=wall, client_id=str(number), text=str(number))
    await page.until(lambda frame: frame == {"done": "19"})
    await page.until(lambda frame: frame.get("seq") == 20)
    assert [f["html"] for f in page.frames if "seq" in f] == [str(n) for n in range(20)]
