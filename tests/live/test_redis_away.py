"""Redis hangs, is killed, is flushed, while people talk: nothing is lost, nobody waits for it or is cut."""

import asyncio

import pytest

from partyline.live import redis_server, rounds
from partyline.people.models import Person
from partyline.rooms.models import Room
from tests.site import until

from .conftest import in_thread
from .own_redis import MISSING, own_redis  # noqa: F401 - a fixture

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")
MANY = 60  # messages of each speaker


@pytest.fixture
async def talk(own_redis, transactional_db, pages, settings, monkeypatch):  # noqa: F811
    """Return a room with Alice and Bob in it, on clocks that run faster than the real ones."""
    settings.WS_HEADS_SECONDS = 0.2
    settings.WS_FRAMES_PER_SECOND = settings.WS_PERSON_PER_SECOND = 10000.0
    monkeypatch.setattr(redis_server, "DOWN_SECONDS", 0.1)
    monkeypatch.setattr(rounds, "RENEW_SECONDS", 0.5)
    monkeypatch.setattr(rounds, "REDRAW_SECONDS", 0.2)
    people = [await in_thread(Person.objects.create_user, name) for name in ("alice", "bob")]
    room = await in_thread(lambda: Room.objects.create(name="Lobby", owner=people[0]))
    talk = Talk(own_redis, room, people, pages)
    for person in people:
        await talk.enter(person)
    await talk.all_see_both()
    return talk


class Talk:
    """A room, the pages in it, and what has been said."""

    def __init__(self, redis, room, people, pages):
        self.redis, self.room, self.people, self.open = redis, room, people, pages
        self.pages, self.said = [], 0

    async def enter(self, person):
        page = await self.open(person)
        await page.resume(**{self.room.key: ("", 0)})
        page.first = (await page.until(lambda frame: "resumed" in frame))["resumed"]["head"] + 1
        self.pages.append(page)

    async def all_see_both(self):
        """Wait until each page is shown, from now on, that both are here."""
        for page in self.pages:
            await self.shown(page, lambda html: ">alice<" in html and ">bob<" in html)

    async def shown(self, page, condition):
        while not condition(([f["html"] for f in page.frames if f.get("state") == "presence"] or [""])[-1]):
            await page.take()

    async def speak(self):
        """Let Alice speak from a thread, as web does, and Bob over his socket; wait until all have all."""

        def by_form():
            for number in range(MANY):
                self.room.say(self.people[0], f"form {number}")

        async def by_socket():
            for number in range(MANY):
                fields = {
                    "client_id": f"00000000-0000-4000-8000-{self.said + number:012}",
                    "text": f"{number}",
                }
                await self.pages[1].send(type="say", stream=self.room.key, **fields)
                await self.pages[1].until(lambda frame: frame.get("done") == fields["client_id"])  # noqa: B023

        await asyncio.gather(in_thread(by_form), by_socket())
        self.said += 2 * MANY
        await self.all_have_all()

    async def all_have_all(self):
        for page in self.pages:
            await page.until(lambda frame: frame.get("seq") == self.said)
            assert page.seqs(self.room.key) == list(range(page.first, self.said + 1))
            assert not [frame for frame in page.frames if "failed" in frame or "error" in frame]


async def test_it_works(talk):
    await talk.speak()


async def test_it_hangs(talk):
    talk.redis.hang()
    await talk.speak()
    await talk.speak()
    talk.redis.go_on()
    await talk.speak()


async def test_who_comes_while_it_hangs_is_let_in_and_shown_later(talk):
    talk.redis.hang()
    carol = await in_thread(Person.objects.create_user, "carol")
    await talk.enter(carol)
    await talk.speak()
    talk.redis.go_on()
    for page in talk.pages:
        await talk.shown(page, lambda html: ">carol<" in html)


async def test_it_is_killed_and_comes_back_empty(talk):
    talk.redis.kill()
    await talk.speak()
    carol = await in_thread(Person.objects.create_user, "carol")
    await talk.enter(carol)
    talk.redis.start()
    await talk.speak()
    for page in talk.pages:
        await talk.shown(page, lambda html: all(f">{name}<" in html for name in ("alice", "bob", "carol")))


async def test_it_is_flushed_while_they_talk(talk):
    speaking = asyncio.create_task(talk.speak())
    for _ in range(5):
        await asyncio.to_thread(talk.redis.cli, "flushall")
    await speaking
    carol = await in_thread(Person.objects.create_user, "carol")
    await talk.enter(carol)
    for page in talk.pages:
        await talk.shown(page, lambda html: all(f">{name}<" in html for name in ("alice", "bob", "carol")))


async def test_it_refuses_to_write(talk):
    """Full, as the stack's own may be: noeviction, no memory left."""
    talk.redis.cli("config", "set", "maxmemory", "1")
    await talk.speak()
    talk.redis.cli("config", "set", "maxmemory", "0")
    await talk.speak()


async def test_notices_flow_again_without_the_heads_check(talk, settings):
    talk.redis.kill()
    await talk.speak()
    talk.redis.start()
    await talk.all_see_both()
    settings.WS_HEADS_SECONDS = 1000.0
    await in_thread(wait_for_subscriptions, talk.redis)
    await talk.speak()


def wait_for_subscriptions(redis):
    until(lambda: "live" in redis.cli("pubsub", "channels"), "the hub listens again")
