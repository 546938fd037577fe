"""What counters say about the last seconds: rates, rare things of the last minute, how long requests took."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from partyline.live import rates
from partyline.live.rates import Rates, totals


@pytest.fixture
def look(monkeypatch):
    """Return a function that reads Rates at a moment, when the totals were these."""
    now, found = [0.0], {}
    monkeypatch.setattr(rates.time, "monotonic", lambda: now[0])
    watched = Rates(lambda: dict(found))

    def look(at, **totals):
        now[0] = at
        found.update(totals)
        watched.look()
        return watched

    return look


def test_it_works(look):
    look(0, said=100)
    look(2, said=110)
    assert look(4, said=120).per_second("said") == 5.0


def test_the_first_look_tells_nothing(look):
    watched = look(0, said=100)
    assert watched.per_second("said") == 0.0 and watched.lately("said") == 0


def test_a_rate_is_of_the_last_ten_seconds(look):
    for at in range(0, 62, 2):
        watched = look(at, said=1000 if at < 50 else 1000 + 3 * (at - 50))
    assert watched.per_second("said") == 3.0 and watched.lately("said") == 30


def test_a_late_look_still_has_a_rate(look):
    look(0, said=0)
    assert look(30, said=60).per_second("said") == 2.0


def test_what_is_older_than_a_minute_is_forgotten(look):
    look(0, cut=0)
    for at in range(2, 200, 2):
        watched = look(at, cut=7)
    assert watched.lately("cut") == 0 and len(watched.looks) <= 32


def test_a_total_that_shrank_is_no_negative_rate(look):
    look(0, said=100)
    assert look(10, said=0).per_second("said") == 0.0


def test_one_that_is_not_there_yet_counts_from_zero(look):
    look(0)
    assert look(10, said=50).per_second("said") == 5.0


def test_totals_are_over_all_labels_and_buckets_by_their_limits():
    registry = CollectorRegistry()
    asked = Counter("asked", "-", ["by"], registry=registry)
    took = Histogram("took", "-", ["view"], buckets=(0.1, 1), registry=registry)
    asked.labels("a").inc(2), asked.labels("b").inc(3)
    took.labels("x").observe(0.05), took.labels("y").observe(0.5)
    found = totals(["asked_total", "took_bucket", "took_count"], registry)
    assert found["asked_total"] == 5 and found["took_count"] == 2
    assert (found["took_bucket 0.1"], found["took_bucket 1.0"], found["took_bucket +Inf"]) == (1, 2, 2)


def test_only_what_is_named_is_collected():
    """A collector may ask the database."""

    class Dear:
        def collect(self):
            raise AssertionError("nobody asked for this")

        def describe(self):
            return []

    rates.REGISTRY.register(dear := Dear())
    try:
        assert totals(["partyline_resets_total"])["partyline_resets_total"] >= 0
    finally:
        rates.REGISTRY.unregister(dear)


@pytest.mark.parametrize(
    "buckets, part, value",
    [
        ({"0.1": 10, "1.0": 10, "+Inf": 10}, 0.5, 0.05),
        ({"0.1": 50, "1.0": 100, "+Inf": 100}, 0.95, 0.91),
        ({"0.1": 0, "1.0": 0, "+Inf": 100}, 0.95, 1.0),
        ({"0.1": 0, "1.0": 0, "+Inf": 0}, 0.95, None),
        ({}, 0.95, None),
    ],
)
def test_a_quantile(look, buckets, part, value):
    look(0, **{f"took_bucket {limit}": 7 for limit in buckets})
    watched = look(10, **{f"took_bucket {limit}": 7 + count for limit, count in buckets.items()})
    found = watched.quantile("took", part)
    assert found == value or round(found, 6) == value
