"""Append to streams, and read where they stand; every call is ordinary synchronous Django."""

from functools import cache
from typing import NamedTuple

from django.db import connection, transaction
from django.dispatch import Signal
from prometheus_client import Counter

from . import frames, notices
from .models import Entry, Stream, new_epoch

PUBLISHED = Counter("partyline_published", "Entries committed by this process.", ["kind"])

# Sent by `drop` with keys, inside its transaction: what stands beside a thing that is gone goes with it.
dropped = Signal()

# One statement raises the number and reads it; the row stays locked until COMMIT, so numbers
# become visible in their order and a ROLLBACK leaves no hole.
RAISE_HEAD = """
    INSERT INTO live_stream (key, epoch, head, oldest) VALUES (%s, %s, 1, 1)
    ON CONFLICT (key) DO UPDATE SET head = live_stream.head + 1 RETURNING epoch, head
"""
# A row's id is drawn when the row is made, and that out of the turn: with the lock held.
RAISE_HEAD_AND_INSERT = """
    WITH turn AS ({raise_head}) INSERT INTO {table} ({columns}) SELECT {values} FROM turn
    RETURNING (SELECT epoch FROM turn), (SELECT head FROM turn), {pk}
"""


class Position(NamedTuple):
    """A place in a stream: its epoch, and the number of the last entry that counts as seen."""

    epoch: str
    seq: int


class Kept(NamedTuple):
    """An entry as hubs keep and send it; `amends` tells that it changes or removes an earlier `thing`."""

    seq: int
    frame: str
    thing: str = ""
    amends: bool = False


def position(key):
    """Return where the stream stands; read it BEFORE the rows of a page: nothing falls between."""
    [found] = positions(key)
    return found


def positions(*keys):
    """Return where each of the streams stands, in one query; see `position`."""
    found = heads(keys)
    if new := [Stream(key=key) for key in keys if key not in found]:
        # A page of a stream without entries needs an epoch too, or its first entry could be missed.
        Stream.objects.bulk_create(new, ignore_conflicts=True)
        found = heads(keys)
    return [Position(epoch, head) for epoch, head, _ in map(found.get, keys)]


class Turn(NamedTuple):
    """The right to write entry `seq`: nobody else writes to the stream until this transaction ends."""

    key: str
    epoch: str
    seq: int

    def publish(self, html, *, thing="", client_id="", amends=False):
        """Append the entry and return its number.

        The notice goes out after COMMIT; if it is lost, the heads check finds the entry.
        """
        key, epoch, seq = self
        Entry.objects.create(
            stream_id=key, seq=seq, html=html, thing=thing, client_id=client_id, amends=amends
        )
        kept = Kept(seq, frames.entry(key, seq, html, client_id), thing, amends)
        transaction.on_commit(lambda: _published(key, epoch, kept))
        return seq


def _published(key, epoch, kept):
    PUBLISHED.labels(key.partition(":")[0]).inc()
    notices.entry(key, epoch, kept)


def take_turn(key, row=None):
    """Raise the stream's head inside the caller's transaction, and hold its row until COMMIT.

    Rows that are inserted between this and `publish` have their ids in the order of the entries,
    so a page that is read from the rows shows the order that the live pages saw. Keep it short.
    `row`, a new instance of a model, is inserted so, in Postgres by the same statement and without signals.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() needs transaction.atomic() around it.")
    with connection.cursor() as cursor:
        if row is None or connection.vendor != "postgresql":  # SQLite's WITH only reads
            cursor.execute(RAISE_HEAD, [key, new_epoch()])
            turn = Turn(key, *cursor.fetchone())
            if row is not None:
                row.save(force_insert=True)
            return turn
        statement, fields = _raise_head_and_insert(type(row))
        values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
        cursor.execute(statement, [key, new_epoch(), *values])
        epoch, seq, row.pk = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias
    return Turn(key, epoch, seq)


@cache
def _raise_head_and_insert(model):
    """Return the statement for rows of a model, and the fields whose values it takes behind key and epoch."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    name = connection.ops.quote_name
    statement = RAISE_HEAD_AND_INSERT.format(
        raise_head=RAISE_HEAD,
        table=name(model._meta.db_table),
        columns=", ".join(name(field.column) for field in fields),
        values=", ".join(["%s"] * len(fields)),
        pk=name(model._meta.pk.column),
    )
    return statement, fields


def publish(key, html, *, thing="", client_id=""):
    """Append an entry to the stream inside the caller's transaction, and return its number.

    Call it last in the transaction: it holds the stream's row until COMMIT. Who publishes to several
    streams does so in the order of their keys.
    """
    return take_turn(key).publish(html, thing=thing, client_id=client_id)


def amend(key, thing, html, *, anew="", client_id=""):
    """Append an entry that changes or removes a thing, and let no earlier entry tell what it was.

    `html` makes the change on a page that shows the thing. `anew` is what the entry that brought the
    thing holds from now on, for a page that does not show it yet: nothing, for a removal. Amendments
    before this one hold nothing from now on. All numbers stay. Inside the caller's transaction, last.
    """
    turn = take_turn(key)
    earlier = Entry.objects.filter(stream_id=key, thing=thing)
    earlier.filter(amends=False).update(html=anew)
    earlier.filter(amends=True).update(html="")
    return turn.publish(html, thing=thing, client_id=client_id, amends=True)


def was_published(key, thing, client_id):
    """Tell whether the stream has an entry of this thing that this client_id caused."""
    return Entry.objects.filter(stream_id=key, thing=thing, client_id=client_id).exists()


def heads(keys):
    """Return {key: (epoch, head, oldest)} of the streams that exist, in one query."""
    rows = Stream.objects.filter(key__in=keys).values_list("key", "epoch", "head", "oldest")
    return {key: (epoch, head, oldest) for key, epoch, head, oldest in rows}


def read(key, after, limit):
    """Return up to `limit` entries behind number `after` as [Kept], oldest first."""
    rows = Entry.objects.filter(stream_id=key, seq__gt=after).order_by("seq")[:limit]
    return [Kept(e.seq, frames.entry(key, e.seq, e.html, e.client_id), e.thing, e.amends) for e in rows]


def hold(*keys):
    """Let nobody write to the streams until this transaction ends; the first lock, as a writer's is."""
    list(Stream.objects.select_for_update().filter(key__in=keys).order_by("key"))


def drop(*keys):
    """Delete streams with all their entries, for good; who reads one is told by `revoke.stream`."""
    with transaction.atomic():
        hold(*keys)
        Stream.objects.filter(key__in=keys).delete()
        dropped.send(None, keys=keys)
