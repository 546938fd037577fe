"""Who is told that a stream goes may take something with it, in the same transaction."""

import pytest
from django.db import transaction

from partyline.live import log
from partyline.live.models import Stream

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """Return the keys that were told; what stands beside `wall:1` goes with it."""
    told = []

    def note(sender, keys, **kwargs):
        told.append(keys)
        if "wall:1" in keys:
            log.drop("yard:1")

    log.dropped.connect(note)
    yield told
    log.dropped.disconnect(note)


def streams():
    return set(Stream.objects.values_list("pk", flat=True))


def test_it_works(told):
    for key in ("wall:1", "wall:2", "yard:1", "yard:2"):
        log.position(key)
    log.drop("wall:1", "wall:2")
    assert told == [("wall:1", "wall:2"), ("yard:1",)]
    assert streams() == {"yard:2"}


def test_after_a_rollback_nothing_has_gone(told):
    log.position("wall:1"), log.position("yard:1")
    with pytest.raises(InterruptedError), transaction.atomic():
        log.drop("wall:1")
        raise InterruptedError
    assert streams() == {"wall:1", "yard:1"}


def test_who_cannot_follow_keeps_it_all(told):
    """A receiver's error takes the deletion back."""

    def fail(sender, keys, **kwargs):
        raise RuntimeError("not now")

    log.position("wall:1")
    log.dropped.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            log.drop("wall:1")
    finally:
        log.dropped.disconnect(fail)
    assert streams() == {"wall:1"}
