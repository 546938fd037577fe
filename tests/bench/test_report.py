"""The table counts a gap for the fault that was going on when it began."""

from bench.faults import Happened
from bench.report import of_faults, percentile
from bench.visits import Visit


def test_gaps_belong_to_the_fault_before_them():
    happened = [Happened("kill -9 ws", "ws", 10, 12), Happened("FLUSHALL", "redis", 20, 21)]
    happened += [Happened("kill -9 ws", "ws", 30, 35)]
    gaps = [("Alice", 10.1, 10.6), ("Bob", 10.1, 11.1), ("Alice", 30.5, 33.5), ("Charlie", 9, 9.5)]
    visits = {"kill -9 ws": [Visit(10, 11, 200), Visit(11, 12, 503), Visit(12, 13, 0)], "FLUSHALL": []}
    rows = {line[:10].strip(): line.split() for line in of_faults(happened, gaps, visits)}
    assert rows["kill -9 ws"][3:] == ["2", "5.00", "s", "3", "3.00", "s", "1.00", "s", "3.00", "s", "3", "2"]
    assert rows["FLUSHALL"][1:] == ["1", "1.00", "s", "0", "-", "-", "-", "0", "0"]


def test_percentiles_are_values_that_were_measured():
    assert percentile([], 0.5) is None
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7
