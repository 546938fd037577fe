"""What one person and one address may do in a time is limited, over all processes; the answer is in words."""

import contextlib
import socket
import uuid
from types import SimpleNamespace

import pytest

from partyline.commentary.models import Event
from partyline.live import counters, limits, redis_server
from partyline.live.counters import Counters, RedisCounters
from partyline.live.store import store
from partyline.rooms.models import Room
from tests.site import until

from .own_redis import MISSING, own_redis  # noqa: F401 - a fixture


@pytest.fixture
def at_once(settings, monkeypatch):
    """Return a function that lets a person, an address do so much at once, and then nothing for minutes."""
    monkeypatch.setattr(counters, "BURST_SECONDS", 3600)

    def at_once(person=0, address=0):
        settings.WS_PERSON_PER_SECOND, settings.WS_ADDRESS_PER_SECOND = person / 3600, address / 3600

    return at_once


@pytest.fixture
def one_address(monkeypatch):
    """Let every socket of the test come from one address."""
    monkeypatch.setattr(limits, "address_of", lambda host: "198.51.100.7")


async def say(page, stream, count):
    """Say so many, and return the answers, failures in full."""
    for number in range(count):
        await page.send(type="say", stream=stream, client_id=f"c{number}", text=str(number))
    answers = []
    while len(answers) < count:
        await page.take()
        answers = [frame for frame in page.frames if "done" in frame or "failed" in frame]
    return answers


# A person


async def test_it_works(pages, wall, alice, at_once):
    at_once(person=5)
    answers = await say(await pages(alice), wall, 5)
    assert answers == [{"done": f"c{number}"} for number in range(5)]


async def test_a_person_who_is_too_fast_is_told_and_loses_nothing_else(pages, wall, alice, bob, at_once):
    at_once(person=5)
    page = await pages(alice)
    answers = await say(page, wall, 7)
    assert answers[5:] == [
        {"failed": f"c{number}", "code": "too_fast", "message": limits.PERSON} for number in (5, 6)
    ]
    await page.resume(**{wall: ("", 0)})  # the socket lives, and reads
    await page.until(lambda frame: "resumed" in frame)
    assert await say(await pages(bob), wall, 1) == [{"done": "c0"}]


async def test_two_sockets_of_a_person_count_together(pages, wall, alice, at_once):
    at_once(person=5)
    await say(await pages(alice), wall, 5)
    [answer] = await say(await pages(alice), wall, 1)
    assert answer["code"] == "too_fast"


async def test_nobody_in_particular_counts_by_address_alone(pages, wall, at_once):
    at_once(person=1)
    assert await say(await pages(), wall, 3) == [{"done": f"c{number}"} for number in range(3)]


def test_a_form_that_comes_too_fast_keeps_its_text(as_, alice, at_once):
    at_once(person=2)
    room, client = Room.objects.create(name="Lobby", owner=alice), as_(alice)
    post = lambda text: client.post(  # noqa: E731
        f"{room.get_absolute_url()}say/", {"text": text, "client_id": uuid.uuid4()}
    )
    assert [post("one").status_code, post("two").status_code] == [302, 302]
    response = post("three <b>")
    html = response.content.decode()
    assert response.status_code == 429 and limits.FORM in html and ">three &lt;b&gt;</textarea>" in html
    assert room.messages.count() == 2


def test_so_does_a_note(as_, alice, at_once):
    at_once(person=1)
    event, client = Event.objects.create(title="Final", author=alice), as_(alice)
    limits.check(alice.pk)
    data = {"text": "a goal", "client_id": uuid.uuid4()}
    response = client.post(f"{event.get_absolute_url()}note/", data)
    html = response.content.decode()
    assert response.status_code == 429 and limits.FORM in html and ">a goal</textarea>" in html


def test_forms_and_sockets_count_together(as_, alice, at_once):
    at_once(person=1)
    room = Room.objects.create(name="Lobby", owner=alice)
    limits.check(alice.pk)
    data = {"text": "x", "client_id": uuid.uuid4()}
    assert as_(alice).post(f"{room.get_absolute_url()}say/", data).status_code == 429


# An address


async def test_an_address_that_is_too_fast_is_told(pages, wall, alice, bob, at_once, one_address):
    at_once(address=6)
    page, other = await pages(alice), await pages(bob)  # a new socket counts: two of six
    assert [answer.get("code") for answer in await say(page, wall, 5)] == [None] * 4 + ["too_fast"]
    assert await say(other, wall, 1) == [{"failed": "c0", "code": "too_fast", "message": limits.ADDRESS}]


async def test_a_new_socket_of_it_is_refused_before_it_is_taken(pages, wall, alice, at_once, one_address):
    at_once(address=2)
    assert [(await pages(alice)).accepted for _ in range(3)] == [True, True, False]


async def test_its_resumes_count_too_and_their_clients_come_back(pages, wall, at_once, one_address):
    at_once(address=2)
    page = await pages()
    for _ in range(2):
        await page.resume(**{wall: ("", 0)})
    assert await page.until_closed() == 1000


@pytest.mark.parametrize(
    "host, counted",
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "20010db800010002"),
        ("2001:db8:1:2:bbbb::9", "20010db800010002"),
        ("2001:db8:1:3::1", "20010db800010003"),
        *((nothing, "") for nothing in ("", None, "unix:", "999.1.1.1", "a" * 5000)),
    ],
)
def test_what_counts_as_one_address(host, counted):
    assert limits.address_of(host) == counted


# One socket


async def test_resumes_of_long_absences_again_and_again_are_cut(pages, wall, write, where):
    await write(wall, *["x"] * 2000)
    page = await pages()
    for _ in range(30):
        await page.resume(**{wall: ((await where(wall)).epoch, 0)})
    assert await page.until_closed() == 4429
    assert sum("resumed" in frame for frame in page.frames) < 10


async def test_one_of_them_leaves_enough_to_go_on(pages, wall, write, where, alice):
    await write(wall, *["x"] * 2000)
    page = await pages(alice)
    await page.resume(**{wall: ((await where(wall)).epoch, 0)})
    await page.until(lambda frame: "resumed" in frame)
    assert page.seqs(wall) == list(range(1, 2001))
    assert len(await say(page, wall, 10)) == 10  # what its outbox held


# Sockets of one person


async def test_a_person_may_have_so_many_sockets_and_as_many_again(pages, alice, bob, settings):
    settings.WS_SOCKETS_PER_PERSON = 2
    mine = [await pages(alice) for _ in range(4)]
    one_too_many = await pages(alice)
    assert one_too_many.accepted and await one_too_many.until_closed() == 4429
    assert (await pages(bob)).accepted
    await mine[0].socket.disconnect(timeout=20)
    again = await pages(alice)
    await again.send(type="nonsense")
    assert (await again.until(lambda frame: True))["error"] == "bad_frame"


async def test_who_only_reads_has_no_number(pages, settings):
    settings.WS_SOCKETS_PER_PERSON = 1
    for page in [await pages() for _ in range(4)]:
        await page.send(type="nonsense")
        await page.until(lambda frame: "error" in frame)


def may_enter(person, socket):
    [may] = limits.enter_each([(person, socket)])
    return may


def holds(counters, key, name, most):
    [held] = counters.hold_each([(key, name)], most)
    return held


def sockets_of(person, count):
    return [SimpleNamespace(person=SimpleNamespace(pk=person), dead=False) for _ in range(count)]


def test_a_killed_processs_sockets_are_forgotten_but_not_the_renewed(settings, monkeypatch):
    settings.WS_SOCKETS_PER_PERSON = 2
    alive, dead, new = sockets_of(7, 2), sockets_of(7, 2), sockets_of(7, 3)
    with monkeypatch.context() as patch:
        patch.setattr(counters, "HELD_SECONDS", 1)
        for socket in alive + dead:
            may_enter(7, socket)
    limits.renew(alive)
    for socket in new[:2]:
        until(lambda socket=socket: may_enter(7, socket), "the dead are forgotten")
    assert not may_enter(7, new[2])


def test_one_that_is_given_back_while_all_are_renewed_stays_so(settings):
    """The round lists the sockets, and gets to its turn when one has gone meanwhile: a drain has hundreds."""
    settings.WS_SOCKETS_PER_PERSON = 1
    (gone,) = listed = sockets_of(7, 1)
    assert may_enter(7, gone)
    gone.dead = True
    limits.leave_each([(7, gone)])
    limits.renew(listed)
    new = sockets_of(7, 2)
    assert all(may_enter(7, socket) for socket in new)


# Off, shared, and without Redis


async def test_nought_is_no_limit(pages, wall, alice, at_once, settings, one_address):
    at_once(person=0, address=0)
    settings.WS_SOCKETS_PER_PERSON = 0
    store().counters.take_each = store().counters.hold_each = None  # not even asked
    page = await pages(alice)
    assert all("done" in answer for answer in await say(page, wall, 30))


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
def test_two_processes_count_together(own_redis):  # noqa: F811
    one, two = RedisCounters(own_redis.url, ""), RedisCounters(own_redis.url, "")
    taken = [each.take({"a": 0.001, "b": 0.002}) for each in (one, two, two)]
    assert taken == [None, "a", "a"]
    assert [holds(each, "k", name, 2) for each, name in ((one, "x"), (two, "y"), (one, "z"))] == [
        True,
        True,
        False,
    ]
    two.release([("k", "x")])
    assert holds(one, "k", "z", 2) and not holds(two, "k", "x", 2)


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_what_is_refused_counts_for_nothing(kind, own_redis, monkeypatch):  # noqa: F811
    monkeypatch.setattr(counters, "BURST_SECONDS", 3600)
    each = Counters() if kind == "memory" else RedisCounters(own_redis.url, "")
    assert [each.take({"full": 1 / 3600, "other": 3 / 3600}) for _ in range(9)] == [None] + ["full"] * 8
    assert [each.take({"other": 3 / 3600}) for _ in range(3)] == [None, None, "other"]


@pytest.fixture
def hanging(tmp_path):
    """Listen like a Redis, and never answer."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen(100)
        listener.setblocking(False)
        yield listener


def tries(listener):
    count = 0
    try:
        while listener.accept():
            count += 1
    except BlockingIOError:
        return count


def test_a_redis_that_hangs_is_asked_once_and_each_process_counts_for_itself(hanging, monkeypatch):
    monkeypatch.setattr(redis_server, "DOWN_SECONDS", 1000)
    monkeypatch.setattr(counters, "BURST_SECONDS", 3600)
    alone = RedisCounters(f"unix://{hanging.getsockname()}", "")
    assert [alone.take({"k": 3 / 3600}) for _ in range(5)] == [None, None, None, "k", "k"]
    assert [holds(alone, "k", name, 2) for name in "xyz"] == [True, True, False]
    alone.release([("k", "x")])
    assert holds(alone, "k", "z", 2)
    alone.renew([("k", "z")])
    assert tries(hanging) == 1


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
def test_it_is_asked_again_when_it_is_back(own_redis, monkeypatch):  # noqa: F811
    monkeypatch.setattr(redis_server, "DOWN_SECONDS", 0.1)
    server, answers = redis_server.RedisServer(own_redis.url, "", 0.1), []
    own_redis.hang()
    with pytest.raises(redis_server.Away):
        server.ask(server.client.ping)
    with pytest.raises(redis_server.Away):
        server.ask(answers.append, "nobody waits for it")
    assert answers == []
    own_redis.go_on()

    def answered():
        with contextlib.suppress(redis_server.Away):
            return server.ask(server.client.ping)

    assert until(answered, "it is asked again")


@pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
def test_a_clock_that_was_set_back_locks_nobody_out(own_redis):  # noqa: F811
    each = RedisCounters(own_redis.url, "")
    own_redis.cli("set", "k", "9999999999999.000")
    assert each.take({"k": 1.0}) is None
