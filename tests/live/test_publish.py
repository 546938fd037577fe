"""Entries are numbered 1, 2, 3 … without a hole by any number of writers; only what is committed counts."""

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from partyline.live.log import heads, position, publish, read
from partyline.live.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works():
    with transaction.atomic():
        assert publish("wall:1", "<p>one</p>") == 1
        assert publish("wall:1", "<p>two</p>") == 2
        assert publish("wall:2", "<p>other</p>") == 1
    assert [seq for seq, *_ in read("wall:1", 0, 10)] == [1, 2]
    assert position("wall:1").seq == 2


def test_it_needs_a_transaction():
    with pytest.raises(transaction.TransactionManagementError):
        publish("wall:1", "<p>one</p>")


def test_a_rollback_leaves_nothing_and_no_hole():
    with pytest.raises(RuntimeError), transaction.atomic():
        publish("wall:1", "never")
        raise RuntimeError
    with transaction.atomic():
        assert publish("wall:1", "first") == 1
    assert list(Entry.objects.values_list("html", flat=True)) == ["first"]


def test_the_epoch_stays():
    epoch, seq = position("wall:1")
    with transaction.atomic():
        publish("wall:1", "one")
    assert (epoch, seq) != ("", 1) and position("wall:1") == (epoch, 1)


def test_a_page_of_an_empty_stream_has_an_epoch():
    assert position("wall:none").epoch and position("wall:none").seq == 0


def test_many_writers_leave_no_hole():
    def write():
        try:
            for _ in range(20):
                with transaction.atomic():
                    publish("wall:1", "x")
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 121))
    assert heads(["wall:1"])["wall:1"][1] == 120


def test_a_later_number_is_never_seen_before_an_earlier_one():
    """Two transactions overlap: the second waits for the first, whose number is lower."""
    order, started = [], threading.Event()

    def second():
        started.set()
        with transaction.atomic():
            publish("wall:1", "second")
            order.append("second")
        connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        publish("wall:1", "first")
        thread.start()
        started.wait(10)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert list(Entry.objects.order_by("seq").values_list("html", flat=True)) == ["first", "second"]


def test_two_statements_and_no_more():
    with (
        transaction.atomic(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        publish("wall:1", "x")
    statements = [
        q["sql"] for q in queries if not q["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
    ]
    assert len(statements) == 2
