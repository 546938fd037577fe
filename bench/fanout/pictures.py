"""Draw a picture for each figure."""

from statistics import median

from bench.lab import plot
from bench.report import percentile

from . import words
from .spread import spread
from .systems import NAMES
from .tables import of_size, pooled


def drawn(figures):
    """Return {figure: SVG} of all that have something to show."""
    found = {}
    for name, by_label in figures.items():
        panels = [panel for label, each in by_label.items() if each for panel in PANELS[name](label, each)]
        if panels:
            found[name] = plot.bars(words.TITLES[name], panels, left=290)
    return found


def bars(title, each, value):
    """Return a panel of single bars."""
    rows = [(NAMES.get(key, key), value(rounds)) for key, rounds in each.items()]
    return title, "", "", [(name, length, length) for name, length in rows]


def middle(name, factor=1):
    """Return what takes the median of a figure over the rounds; a length is never below 0."""
    return lambda rounds: max(0, median(figure[name] for figure in rounds) * factor)


def fanout(label, each):
    yield bars(f"CPU s per 100,000 deliveries, {int(label):,} clients", each, middle("cpu"))
    yield bars(f"deliveries a second, {int(label):,} clients", each, middle("rate"))


def latency(label, each):
    rows = [(NAMES[key], spread(rounds)) for key, rounds in each.items()]
    shown = [(name, found["p50"] * 1000, found["p99"] * 1000) for name, found in rows if found["p50"]]
    yield "until the last client, ms", "p50", "p99", shown


def connections(label, each):
    for size in label.split(", ")[-2:]:
        found = {key: one for key, rounds in each.items() if (one := of_size(rounds, size))}
        yield bars(
            f"kB for one connection of {int(size):,}",
            found,
            lambda one: max(0, one["server"] + one["nginx"]) / 1000,
        )
    yield bars(f"CPU ms to set one up, of {int(size):,}", found, lambda one: one["cpu"] * 1000)


def slow(label, each):
    yield bars("grown by a client that never reads, kB", each, middle("grown", 1 / 1000))
    yield bars("p99 of the others beside it, ms", each, p99)


def p99(rounds):
    return (percentile(pooled(rounds, "beside"), 0.99) or 0) * 1000


def resume(label, each):
    yield bars(f"seconds until {int(label):,} are live", each, middle("seconds"))


def http(label, each):
    yield bars("CPU ms of a request", each, lambda rounds: median(rounds) * 1000)


PANELS = {
    "single": fanout,
    "fanout": fanout,
    "rooms": fanout,
    "latency": latency,
    "quick": latency,
    "connections": connections,
    "slow": slow,
    "resume": resume,
    "http": http,
}
