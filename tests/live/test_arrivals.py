"""Who comes in the same moment is looked up together, in a few questions; each is judged alone."""

import asyncio

import pytest
from django.conf import settings as site
from django.contrib.sessions.models import Session
from django.test import Client

from partyline.commentary.models import Event
from partyline.live import arrivals, identity, pool
from partyline.live.kinds import Kind, _kinds, register
from partyline.live.store import store
from partyline.people.models import Person
from partyline.rooms.models import Room
from tests.statements import watch

from .conftest import in_thread

CROWD = 40


@pytest.fixture(autouse=True)
def nothing_by_itself(settings, monkeypatch):
    settings.WS_HEADS_SECONDS = 1000.0
    monkeypatch.setattr("partyline.live.rounds.REDRAW_SECONDS", 1000)
    monkeypatch.setattr("partyline.live.rounds.RENEW_SECONDS", 1000)


@pytest.fixture
def statements(monkeypatch):
    return watch(monkeypatch, "BEGIN", "COMMIT", "PRAGMA")


@pytest.fixture
def hops(monkeypatch):
    """Return the list that grows by every function that is called on another thread."""
    found = []

    def counting(run):
        async def counted(function, *args):
            found.append(function.__name__)
            return await run(function, *args)

        return counted

    for name in ("run", "run_store"):
        monkeypatch.setattr(pool, name, counting(getattr(pool, name)))
    return found


@pytest.fixture
def people(transactional_db):
    return [Person.objects.create(username=f"Somebody {n}") for n in range(CROWD)]


@pytest.fixture
def room(people, alice):
    room = Room.objects.create(name="The den", owner=alice, is_private=True)
    for person in [alice, *people]:
        room.invite(person)
    return room


def session_of(person, **changes):
    """Return the key of a new session of the person, changed like this."""
    client = Client()
    client.force_login(person)
    session = client.session
    session.update(changes)
    session.save()
    return session.session_key


async def cookies_of(people):
    keys = await in_thread(lambda: [session_of(person) for person in people])
    return [f"{site.SESSION_COOKIE_NAME}={key}" for key in keys]


async def meanwhile(together, come):
    """Let all come while the first's question is under way, then give the answers."""
    first, go, ask, together.patience = [], asyncio.Event(), together.ask, None

    async def held(items):
        together.ask = ask
        first.extend(items)
        await go.wait()
        return await ask(items)

    together.ask = held
    coming = [asyncio.ensure_future(each) for each in come]
    while len(first) + len(together.waiting) < len(coming):
        await asyncio.sleep(0.01)
    go.set()
    return await asyncio.gather(*coming)


async def settled(hub):
    while hub.errands:
        await asyncio.sleep(0.01)


async def test_a_crowd_is_looked_up_in_a_few_statements(pages, hub, room, alice, people, statements, hops):
    witness = await pages(alice)  # the hub, the tail and the thread are warm
    await witness.resume(**{room.key: ("", 0)})
    await witness.until(lambda frame: frame.get("state") == "presence")
    await settled(hub)
    cookies = await cookies_of(people)
    statements.clear()
    hops.clear()
    crowd = await meanwhile(hub.greetings, [pages(cookie=cookie) for cookie in cookies])
    assert all(page.accepted for page in crowd)
    assert len(statements) <= 3 * 2, statements  # the sessions, the people
    assert hops == ["greet"] * len(hops) and len(hops) <= 3

    async def resume(page):
        await page.resume(**{room.key: ("", 0)})
        await page.until(lambda frame: "resumed" in frame)
        await page.until(lambda frame: frame.get("state") == "presence")

    hops.clear()
    statements.clear()
    await meanwhile(hub.rights, [resume(page) for page in crowd])
    await settled(hub)
    assert len([query for query in statements if "rooms_room" in query]) <= 3
    assert hops.count("may_resume") <= 3
    # What is shared of a moment: a crowd that comes in pieces still asks far less often than once each.
    assert len(hops) < CROWD, hops


async def test_redis_is_asked_once_for_all(pages, people, settings, monkeypatch):
    settings.WS_ADDRESS_PER_SECOND = 100.0
    counters, asked = store().counters, []
    for name in ("take_each", "hold_each"):
        ask = getattr(counters, name)
        monkeypatch.setattr(
            counters, name, lambda *args, ask=ask, name=name: asked.append(name) or ask(*args)
        )
    sockets = [Somebody(f"198.51.100.{n}") for n in range(CROWD)]
    keys = await in_thread(lambda: [session_of(person) for person in people])
    for socket, key in zip(sockets, keys, strict=True):
        socket.session = key
    found = await in_thread(arrivals.greet, sockets)
    assert [person.pk for person, may in found if may] == [person.pk for person in people]
    assert asked == ["take_each", "hold_each"]


class Somebody:
    def __init__(self, address, session=""):
        self.address, self.session = address, session


def test_among_many_each_session_is_judged_as_django_does(people, settings):
    good, gone, banned, changed, other, expired = people[:6]
    keys = {person: session_of(person) for person in people[:6]}
    Session.objects.filter(session_key=keys[gone]).delete()
    Person.objects.filter(pk=banned.pk).update(is_active=False)
    Person.objects.filter(pk=changed.pk).update(password="another")
    Session.objects.filter(session_key=keys[expired]).update(expire_date="2001-01-01T00:00Z")
    keys[other] = session_of(other, _auth_user_backend="somebody.elses.Backend")
    forged = session_of(good, _auth_user_id="no number")
    asked = [*keys.values(), forged, "", "made-up", "x" * 32, "\x00" * 32, keys[good]]
    found = identity.people_of(asked)
    alone = identity.each(identity.person_of, asked)
    assert [getattr(each, "pk", type(each)) for each in found] == [
        getattr(each, "pk", type(each)) for each in alone
    ]
    assert [n for n, each in enumerate(found) if getattr(each, "pk", None)] == [0, len(asked) - 1]


def test_a_secret_that_was_replaced_still_serves(people, settings):
    key = session_of(people[0])
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert [person.pk for person in identity.people_of([key])] == [people[0].pk]


def test_of_those_who_ask_for_a_private_room_only_its_members_see_it(room, people, bob, charlie):
    member, stranger = people[0], charlie
    nobody = identity.AnonymousUser()
    lobby = Room.objects.create(name="Lobby", owner=bob)
    keys = [room.key, lobby.key, "room:0", f"room:0{room.pk}", "nothing:1", "no key"]
    asked = [(person, keys) for person in (member, stranger, nobody, member)]
    assert arrivals.may_see(asked) == [
        {room.key, lobby.key},
        {lobby.key},
        {lobby.key},
        {room.key, lobby.key},
    ]
    assert arrivals.may_see(asked) == [arrivals.may_see([one])[0] for one in asked]


def test_many_are_told_of_an_event_what_each_is(people):
    event = Event.objects.create(title="Final", author=people[0])
    asked = [(person, [event.key, "event:0"]) for person in [*people[:2], identity.AnonymousUser()]]
    assert arrivals.may_see(asked) == [arrivals.may_see([one])[0] for one in asked] == [{event.key}] * 3


def test_beside_something_it_is_seen_as_that_is(people, bob, monkeypatch):
    register(Kind("hall", may_see=lambda person, id: person.pk == bob.pk))
    try:
        room = Room.objects.create(name="Beside", owner=bob, beside="hall:1")
        assert arrivals.may_see([(bob, [room.key]), (people[0], [room.key])]) == [{room.key}, set()]
    finally:
        del _kinds["hall"]


def test_a_products_mistake_about_one_is_nobody_elses(people):
    def may_see(person, id):
        if person == people[1]:
            raise RuntimeError("a product's mistake")
        return True

    register(Kind("hall", may_see=may_see))
    try:
        first, second, third = arrivals.may_see([(person, ["hall:1"]) for person in people[:3]])
    finally:
        del _kinds["hall"]
    assert first == third == {"hall:1"}
    assert isinstance(second, RuntimeError)
