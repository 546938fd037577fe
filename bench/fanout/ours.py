"""Fill our site for the bench, and print what a reader needs as JSON.

python -m bench.fanout.ours people <rooms> <people>
python -m bench.fanout.ours entries <key> <number> <bytes>
"""

import json
import sys

import django

MARK = "~" + "f" * 24  # what load.c counts, of no message of its own


def people(rooms, number):
    """Make rooms, 50 messages in the first, and people who are signed in; return their keys and cookies."""
    from partyline.people.models import Person, fold
    from partyline.rooms.models import Room

    names = [f"Reader {n}" for n in range(number)]
    made = Person.objects.bulk_create([Person(username=name, name_key=fold(name)) for name in names])
    found = [Room.objects.create(name=f"Room {n}", owner=made[0]) for n in range(rooms)]
    for n in range(50):
        found[0].say(made[n % len(made)], f"This is what somebody says, number {n}.")
    return {"keys": [room.key for room in found], "sessions": sessions(made)}


def sessions(people):
    """Return the session key of each, as signing in makes it."""
    from datetime import timedelta

    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    store, expires, rows = SessionStore(), timezone.now() + timedelta(days=1), []
    for number, person in enumerate(people):
        data = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        rows.append(
            Session(session_key=f"{number:032d}", session_data=store.encode(data), expire_date=expires)
        )
    Session.objects.bulk_create(rows)
    return [row.session_key for row in rows]


def entries(key, number, size):
    """Publish so many entries; return the position before them."""
    from django.db import transaction

    from partyline.live import log

    before = log.position(key)
    for _ in range(int(number)):
        with transaction.atomic():
            log.publish(key, MARK.ljust(int(size), "x"))
    return before._asdict()


if __name__ == "__main__":
    django.setup()
    verb, *words = sys.argv[1:]
    print(json.dumps(people(*map(int, words)) if verb == "people" else entries(*words)))
