"""What every page of the site costs the database: so many statements, whatever it shows."""

import pytest

from tests.statements import watch

# The session and its person are two. A form's own address leads elsewhere.
COSTS = {
    "rooms:list": 3,
    "rooms:new": 2,
    "rooms:room": 8,
    "rooms:fragment": 5,
    "rooms:beside": 3,
    "rooms:say": 3,
    "rooms:invite": 3,
    "rooms:remove": 3,
    "rooms:transcript": 3,
    "commentary:list": 4,
    "commentary:event": 9,
    "commentary:fragment": 6,
    "commentary:feed": 4,
    "commentary:feeds": 5,
    "commentary:note": 3,
    "commentary:permalink": 10,
    "commentary:edit": 4,
    "commentary:remove": 4,
    "commentary:key": 4,
    "commentary:pin": 4,
    "commentary:react": 5,
    "commentary:settings": 4,
    "commentary:commentators": 3,
    "commentary:end": 3,
    "dashboard:page": 3,
    "dashboard:stack": 5,
    "jobs:mine": 4,
    "jobs:all": 8,
    "jobs:job": 5,
    "jobs:file": 4,
    "jobs:cancel": 3,
    "jobs:retry": 3,
    "people:me": 4,
    "people:address": 2,
    "people:digest": 2,
    "people:follow": 2,
    "people:confirm": 3,
    "people:unsubscribe": 3,
    "people:sign-up": 2,
    "people:sign-in": 2,
    "people:sign-out": 0,
    "people:guest": 2,
}


@pytest.fixture
def statements(monkeypatch):
    return watch(monkeypatch, "BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA")


def test_it_works(as_, alice, pages, statements):
    client, found = as_(alice), {}
    for name, page in pages.items():
        client.get(page)  # makes the streams
        statements.clear()
        client.get(page)
        found[name] = len(statements)
    assert found == COSTS
