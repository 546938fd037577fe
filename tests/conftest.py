"""Who takes part: Alice and Bob are in, Charlie is not."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from partyline.live.store import RedisStore, store
from tests import servers


def pytest_collection_modifyitems(items):
    """Name what cannot run here."""
    if servers.missing:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=servers.missing))


@pytest.fixture(autouse=True)
def fresh_store():
    """Let no shown state or presence of one test reach the next."""
    yield
    if isinstance(found := store(), RedisStore):
        found.redis.flushall()
    store.cache_clear()


@pytest.fixture(autouse=True)
def nothing_is_drawn_later():
    """Let nothing that one test has drawn or written beside reach the next."""
    yield
    from partyline.jobs import drawing
    from partyline.live import batches

    assert batches.flush(10) and drawing.flush(10)


@pytest.fixture
def alice(db):
    return get_user_model().objects.create_user("alice", password="wonder-4-land")


@pytest.fixture
def bob(db):
    return get_user_model().objects.create_user("bob", password="builds-8-things")


@pytest.fixture
def charlie(db):
    return get_user_model().objects.create_user("charlie", password="not-1-of-us")


@pytest.fixture
def as_(db):
    """Return a function that gives a client signed in as a person."""

    def sign_in(person):
        client = Client()
        client.force_login(person)
        return client

    return sign_in
