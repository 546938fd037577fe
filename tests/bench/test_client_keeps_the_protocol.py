"""The drill's client is an honest page: its cursor, its holes, its resets, its outbox, its moves."""

import json

import pytest

from bench.client import Client
from bench.people import Site

KEY = "room:1"
FRAGMENT = """<section id="stream" data-stream="room:1" data-epoch="e" data-head="{head}" data-fragment="/f/">
  <ol id="messages">{lines}</ol></section>"""


def line(number, text="", more=""):
    return f'<li id="message-{number}"{more}><b>By</b><p class="text">{text or f"text {number}"}</p></li>'


def added(number, text=""):
    return f'<ol hx-swap-oob="beforeend:#messages">{line(number, text)}</ol>'


def fragment(head, *numbers):
    return FRAGMENT.format(head=head, lines="".join(map(line, numbers)))


class Socket:
    """In the place of a real link: remembers what was sent."""

    def __init__(self, client):
        self.client, self.frames, self.closed = client, [], False
        self.live, self.greeted, self.owed = False, False, set()
        self.leaving, self.asked, self.silence = 0, 0.0, None
        self.open, self.ended = True, False

    def send(self, text):
        self.frames.append(json.loads(text))

    def close(self):
        self.closed = self.ended = True

    abort = close

    def hear(self, **frame):
        self.client.heard(self, json.dumps(frame))

    def entry(self, seq, html="", **more):
        self.hear(stream=KEY, seq=seq, html=html, **more)

    @property
    def resumes(self):
        return [frame["streams"] for frame in self.frames if frame["type"] == "resume"]


@pytest.fixture
async def client(monkeypatch):
    """A page with one line, on a socket that is live."""
    links = []
    monkeypatch.setattr("bench.client.Link", lambda owner, *_: links.append(Socket(owner)) or links[-1])

    async def fetch(path):
        client.fetched.append(path)
        return 200, fragment(9, 8, 9)

    monkeypatch.setattr("bench.client.backoff", lambda tries: 0)
    client = Client(Site("http://127.0.0.1:1"), fetch=fetch)
    client.links, client.fetched = links, []
    client.show(KEY, fragment(1, 1))
    client.start()
    client.opened(links[0])
    yield client
    client.stop()


def answer(client, link, head=1):
    link.hear(stream=KEY, resumed={"epoch": "e", "head": head})


def shown(client):
    return list(client.streams[KEY].shown)


async def test_it_resumes_first_and_is_live_when_answered(client):
    (link,) = client.links
    assert link.frames == [{"type": "resume", "streams": {KEY: {"epoch": "e", "seq": 1}}}]
    assert not client.live
    answer(client, link)
    assert client.live and client.lives == 1


async def test_it_shows_the_next_and_drops_what_is_older(client):
    (link,) = client.links
    for seq, number in [(2, 2), (2, 2), (1, 1), (3, 3), (2, 7)]:
        link.entry(seq, added(number))
    client.heard(
        link, json.dumps([{"stream": KEY, "seq": 4, "html": ""}, {"stream": KEY, "seq": 5, "html": added(5)}])
    )
    assert shown(client) == [1, 2, 3, 5]
    assert client.streams[KEY].seq == 5


async def test_a_hole_is_asked_for_once_and_nothing_behind_it_is_shown(client):
    (link,) = client.links
    answer(client, link)
    client.streams[KEY].asked -= 10
    for seq in (3, 4, 5):
        link.entry(seq, added(seq))
    assert shown(client) == [1]
    assert link.resumes[1:] == [{KEY: {"epoch": "e", "seq": 1}}]
    for seq in (2, 3, 4, 5):
        link.entry(seq, added(seq))
    answer(client, link, 5)
    assert shown(client) == [1, 2, 3, 4, 5] and client.settled


async def test_edits_replace_and_removals_remove_what_is_shown(client):
    (link,) = client.links
    link.entry(2, added(2))
    link.entry(3, line(1, "another &amp; more", ' hx-swap-oob="true"'))
    link.entry(4, '<li id="message-2" hx-swap-oob="delete"></li>')
    link.entry(5, line(77, "of no line here", ' hx-swap-oob="true"'))
    link.entry(6, added(1, "once more"))
    assert client.streams[KEY].shown == {1: "once more"}


async def test_after_a_reset_the_fragment_is_the_page(client):
    (link,) = client.links
    answer(client, link)
    link.hear(stream=KEY, reset={"epoch": "f", "head": 7})
    link.entry(8, added(8))
    assert not client.settled
    for task in list(client.tasks):
        await task
    assert client.fetched == ["/f/"]
    assert shown(client) == [8, 9]
    assert link.resumes[-1] == {KEY: {"epoch": "e", "seq": 9}}


async def test_what_is_said_goes_out_again_until_it_is_answered(client):
    (link,) = client.links
    first = client.act(KEY, "say", text="before the socket is live")
    assert len(link.frames) == 1
    answer(client, link)
    second = client.act(KEY, "say", text="on it")
    assert [frame["client_id"] for frame in link.frames[1:]] == [first, second]
    client.lost(link, 1006)
    assert not client.live and client.lost_at
    client.start()
    client.opened(client.links[1])
    answer(client, client.links[1])
    assert [frame["client_id"] for frame in client.links[1].frames[1:]] == [first, second]
    assert len(client.gaps) == 1
    client.links[1].hear(done=first)
    client.links[1].entry(2, added(2), client_id=second)
    assert not client.outbox.waiting and client.outbox.finished == {first, second}


async def test_not_now_is_tried_again_and_no_is_no(client):
    (link,) = client.links
    answer(client, link)
    first, second = (client.act(KEY, "say", text=text) for text in "ab")
    link.hear(failed=first, code="unavailable", message="")
    link.hear(failed=second, code="too_long", message="")
    assert list(client.outbox.waiting) == [first]
    assert client.outbox.failed == {second: "too_long"}
    client.outbox.flush()
    assert link.frames[-1]["client_id"] == first


async def test_a_move_makes_before_it_breaks(client):
    (old,) = client.links
    answer(client, old)
    old.hear(move={"within": 0})
    client._cancel("move")
    client._follow()
    new = client.links[1]
    client.opened(new)
    assert client.live and not old.closed
    answer(client, new)
    assert client.live and old.closed and client.current is new
    assert client.gaps == [] and client.lost_at is None and client.moved == 1


async def test_a_move_that_fails_keeps_the_old_socket(client):
    (old,) = client.links
    answer(client, old)
    client._follow()
    client.lost(client.links[1], 1006)
    assert client.live and client.current is old and client.lost_at is None


@pytest.mark.parametrize("code, stays_away", [(4401, True), (4429, True), (1006, False), (1000, False)])
async def test_it_comes_back_unless_told_to_stay_away(client, code, stays_away):
    (link,) = client.links
    answer(client, link)
    client.lost(link, code)
    assert bool(client.stopped) == stays_away
    assert ("retry" in client.timers) != stays_away


async def test_frames_of_a_forbidden_stream_are_counted(client):
    (link,) = client.links
    client.show("room:2", forbidden=True)
    link.hear(stream="room:2", refused="not_allowed")
    assert client.streams["room:2"].leaked == 0
    link.hear(stream="room:2", seq=1, html=added(5))
    assert client.streams["room:2"].leaked == 1
    link.hear(stream="room:3", seq=1, html="")
    assert len(client.strange) == 1
