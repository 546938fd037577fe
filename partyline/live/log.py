"""Append to streams, and read where they stand; every call is ordinary synchronous Django."""

from typing import NamedTuple

from django.db import connection, transaction

from . import frames, notices
from .models import Entry, Stream, new_epoch

# One statement raises the number and reads it; the row stays locked until COMMIT, so numbers
# become visible in their order and a ROLLBACK leaves no hole.
RAISE_HEAD = """
    INSERT INTO live_stream (key, epoch, head, oldest) VALUES (%s, %s, 1, 1)
    ON CONFLICT (key) DO UPDATE SET head = live_stream.head + 1 RETURNING epoch, head
"""


class Position(NamedTuple):
    """A place in a stream: its epoch, and the number of the last entry that counts as seen."""

    epoch: str
    seq: int


def position(key):
    """Return where the stream stands; read it BEFORE the rows of a page: nothing falls between."""
    found = Stream.objects.filter(key=key).values_list("epoch", "head").first()
    if found is None:
        # A page of a stream without entries needs an epoch too, or its first entry could be missed.
        Stream.objects.bulk_create([Stream(key=key)], ignore_conflicts=True)
        found = Stream.objects.filter(key=key).values_list("epoch", "head").get()
    return Position(*found)


class Turn(NamedTuple):
    """The right to write entry `seq`: nobody else writes to the stream until this transaction ends."""

    key: str
    epoch: str
    seq: int

    def publish(self, html, *, thing="", client_id=""):
        """Append the entry and return its number.

        The notice goes out after COMMIT; if it is lost, the heads check finds the entry.
        """
        key, epoch, seq = self
        Entry.objects.create(stream_id=key, seq=seq, html=html, thing=thing, client_id=client_id)
        frame = frames.entry(key, seq, html, client_id)
        transaction.on_commit(lambda: notices.entry(key, epoch, seq, frame))
        return seq


def take_turn(key):
    """Raise the stream's head inside the caller's transaction, and hold its row until COMMIT.

    Rows that are inserted between this and `publish` have their ids in the order of the entries,
    so a page that is read from the rows shows the order that the live pages saw. Keep it short.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() needs transaction.atomic() around it.")
    with connection.cursor() as cursor:
        cursor.execute(RAISE_HEAD, [key, new_epoch()])
        return Turn(key, *cursor.fetchone())


def publish(key, html, *, thing="", client_id=""):
    """Append an entry to the stream inside the caller's transaction, and return its number.

    Call it last in the transaction: it holds the stream's row until COMMIT.
    """
    return take_turn(key).publish(html, thing=thing, client_id=client_id)


def heads(keys):
    """Return {key: (epoch, head, oldest)} of the streams that exist, in one query."""
    rows = Stream.objects.filter(key__in=keys).values_list("key", "epoch", "head", "oldest")
    return {key: (epoch, head, oldest) for key, epoch, head, oldest in rows}


def read(key, after, limit):
    """Return up to `limit` entries behind number `after` as [(seq, frame)], oldest first."""
    rows = Entry.objects.filter(stream_id=key, seq__gt=after).order_by("seq")[:limit]
    return [(e.seq, frames.entry(key, e.seq, e.html, e.client_id)) for e in rows]
