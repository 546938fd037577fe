"""Who takes part in a drill: rooms, their people with an open page each, and what they say."""

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .client import Client
from .outbox import backoff
from .people import Person

PRIVATE = 5  # one room in so many is private
BY_FORM, EDITS, REMOVALS = 0.3, 0.05, 0.02  # shares of what is said
HANDS = 32  # requests at once
LATER = (0, 500, 502, 503, 504)  # answers after which a browser without JavaScript tries again


@dataclass
class Room:
    """A room of the drill, its people by what they do in it."""

    id: int
    private: bool
    owner: Person
    speakers: list = field(default_factory=list)
    leavers: list = field(default_factory=list)  # members who will lose it: [who is taken out, who signs out]
    outsiders: list = field(default_factory=list)  # who asks for it, and may not see it

    @property
    def key(self):
        return f"room:{self.id}"


@dataclass
class Said:
    """A message: what it says in the end (None: removed), and whether that was acknowledged."""

    room: str
    client_id: str
    first: str
    text: str | None
    at: float = 0.0  # monotonic seconds
    acknowledged: bool = False
    amended_by: str = ""  # client_id of its edit or removal


@dataclass
class Guest:
    """A person and their page."""

    person: Person
    client: Client
    room: Room
    lost: dict = field(default_factory=dict)  # key: since when it may not see the stream (monotonic seconds)
    signed_out: bool = False
    said: list = field(default_factory=list)


class Party:
    """Everybody, and what was said."""

    def __init__(self, site, dice, word):
        self.site, self.dice, self.word = site, dice, word
        self.rooms, self.guests, self.said, self.posts = [], [], [], set()
        self.number, self.too_fast, self.unexpected = 0, 0, []
        self.hands = ThreadPoolExecutor(HANDS)

    async def by_hand(self, function, *arguments, **fields):
        """Call what waits for the network, beside the clients' loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.hands, lambda: function(*arguments, **fields))

    async def gather(self, clients, rooms):
        """Let everybody come in, and open their pages."""
        people = [Person.guest] * clients
        for n in range(rooms):
            people[n] = Person.member  # they own the rooms
        people = await asyncio.gather(
            *(self.by_hand(come_in, self.site, f"{self.word} {n}") for n, come_in in enumerate(people))
        )
        for n, owner in enumerate(people[:rooms]):
            private = n % PRIVATE == PRIVATE - 1 or 1 < rooms < PRIVATE and n == rooms - 1
            id = await self.by_hand(owner.make_room, f"{self.word} room {n}", private)
            self.rooms.append(Room(id, private, owner))
        public = [room for room in self.rooms if not room.private]
        await asyncio.gather(*(self._open(n, person, public) for n, person in enumerate(people)))

    async def _open(self, n, person, public):
        room = self.rooms[n % len(self.rooms)]
        rank = n // len(self.rooms)  # in the room; its owner is 0
        client = Client(self.site, person.cookie, self._fetch(person), person.name)
        guest = Guest(person, client, room)
        shown = [room]
        if room.private:
            if rank:
                await self.by_hand(room.owner.invite, room.id, person)
            (room.leavers if rank in (1, 2) else room.speakers).append(guest)
            shown.append(public[rank % len(public)])
        else:
            room.speakers.append(guest)
            secret = [other for other in self.rooms if other.private]
            if rank % 3 == 1 and secret:
                other = secret[rank % len(secret)]
                other.outsiders.append(guest)
                client.show(other.key, forbidden=True)
        for each in shown:
            client.show(each.key, await self.by_hand(person.fragment, each.id))
        self.guests.append(guest)
        client.start()

    def _fetch(self, person):
        async def fetch(path):
            answer = await self.by_hand(person.get, path)
            return answer.status, answer.text

        return fetch

    # Talking.

    async def talk(self, room, rate):
        """Let the room's people speak `rate` times a second, until cancelled."""
        clock = asyncio.get_running_loop().time
        following = clock() + self.dice.random() / rate
        while True:
            await asyncio.sleep(max(0, following - clock()))
            following += 1 / rate
            self.speak(self.dice.choice(room.speakers), room)

    def speak(self, guest, room):
        """Let a guest say something by socket or form, or change what they said before."""
        way = self.dice.random()
        if way < EDITS + REMOVALS and self._amend(guest, room, way < REMOVALS):
            return
        self.number += 1
        text = f"{self.number} & so on, says <{guest.person.name}>"
        said = Said(room.key, "", text, text, time.monotonic())
        if way > 1 - BY_FORM:
            said.client_id = str(uuid.uuid4())
            task = asyncio.ensure_future(self._post(guest, room, said))
            self.posts.add(task)
            task.add_done_callback(self.posts.discard)
        else:
            said.client_id = guest.client.act(room.key, "say", text=text)
        guest.said.append(said)
        self.said.append(said)

    def _amend(self, guest, room, removes):
        """Edit or remove a message that the guest's page shows; False where there is none."""
        lines = {text: number for number, text in guest.client.streams[room.key].shown.items()}
        fit = [said for said in guest.said if not said.amended_by and said.text in lines]
        if not fit:
            return False
        said = self.dice.choice(fit)
        number = str(lines[said.text])
        if removes:
            said.text = None
            said.amended_by = guest.client.act(room.key, "remove", message=number)
        else:
            said.text = f"{said.first}, and more"
            said.amended_by = guest.client.act(room.key, "edit", message=number, text=said.text)
        return True

    async def _post(self, guest, room, said):
        path, tries = f"/rooms/{room.id}/say/", 0
        while True:
            fields = {"text": said.first, "client_id": said.client_id}
            answer = await self.by_hand(guest.person.post, path, **fields)
            if answer.status == 302 and answer.location.startswith(f"/rooms/{room.id}/"):
                said.acknowledged = True
                return
            if answer.status == 429:
                self.too_fast += 1
            elif answer.status not in LATER:
                self.unexpected.append(f"{guest.person.name}'s form was answered with {answer.status}")
                return
            if answer.status == 500:
                self.unexpected.append(f"{guest.person.name}'s form was answered with 500")
            await asyncio.sleep(0.2 + backoff(tries))
            tries += 1

    # Who may not.

    async def pester(self, room):
        """Let outsiders ask for a private room all the time, until cancelled."""
        while room.outsiders:
            await asyncio.sleep(self.dice.uniform(0.2, 1.0))
            self.dice.choice(room.outsiders).client.ask([room.key])

    async def revoke(self, room, seconds):
        """Take one member out of a private room, let another sign out, at some time in these seconds."""
        acts = [self._take_out, self._sign_out]
        for guest, act in zip(room.leavers, acts, strict=False):
            await asyncio.sleep(self.dice.uniform(0, seconds / 2))
            await act(room, guest)

    async def _take_out(self, room, guest):
        await self._insist(room.owner.post, f"/rooms/{room.id}/remove/", person=guest.person.id)
        guest.lost[room.key] = time.monotonic()

    async def _sign_out(self, room, guest):
        await self._insist(guest.person.post, "/people/sign-out/")
        guest.lost[room.key] = time.monotonic()
        guest.signed_out = True

    async def _insist(self, post, path, **fields):
        tries = 0
        while (answer := await self.by_hand(post, path, **fields)).status != 302:
            if answer.status not in LATER:
                self.unexpected.append(f"{path} was answered with {answer.status}")
                return
            await asyncio.sleep(backoff(tries))
            tries += 1

    @property
    def streams(self):
        """Return every stream of every page."""
        return [stream for guest in self.guests for stream in guest.client.streams.values()]

    @property
    def deliveries(self):
        return sum(len(stream.arrivals) for stream in self.streams)

    def delays(self, truth):
        """Return the seconds from saying to showing, of every message on every page."""
        at = {(said.room, said.client_id): said.at for said in self.said}
        for key, entries in truth.entries.items():
            said = {row.number: at.get((key, row.client_id)) for row in truth.messages[key]}
            seqs = {
                seq: said.get(int(thing.partition(":")[2])) for seq, thing, amends in entries if not amends
            }
            for stream in self.streams:
                if stream.key == key:
                    yield from (when - seqs[seq] for seq, when in stream.arrivals if seqs.get(seq))
