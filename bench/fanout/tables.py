"""The rows of the page's tables, a function for each figure: (its label, {system: figures of each round})."""

from statistics import median

from bench.lab.tables import medians, milliseconds

from .spread import spread
from .systems import NAMES


def fanout(label, each):
    yield (
        f"{int(label):,} clients",
        "CPU s per 100,000",
        "deliveries/s",
        "server busy",
        "lines in one read",
        "of the CPU nginx",
        "besides: Redis, database",
        "publisher",
        "load busy",
        "missed",
    )
    for key, rounds in each.items():
        m = medians(rounds, *rounds[0])
        yield (
            NAMES[key],
            f"**{m['cpu']:.2f}**",
            f"{m['rate']:,.0f}",
            f"{m['busy']:.0%}",
            f"{m['at once']:.1f}",
            f"{m['nginx']:.2f}",
            f"{m['stores']:.2f}",
            f"{m['publisher']:.2f}",
            f"{m['load busy']:.0%}",
            missed(rounds),
        )


def missed(rounds):
    return f"{sum(figure['missed'] for figure in rounds):,}"


def latency(label, each):
    yield (f"{int(label):,} clients", "p50", "p99", "of it publishing, p50", "p99 after it", "missed")
    for key, rounds in each.items():
        found = spread(rounds)
        cells = [found[name] for name in ("p50", "p99", "publishing", "after")]
        yield (NAMES[key], *("–" if cell is None else milliseconds(cell) for cell in cells), missed(rounds))


def connections(label, each):
    sizes = [int(size) for size in label.split(", ")]
    yield (
        "one connection",
        *(f"kB, of {size:,}" for size in sizes),
        "of it nginx",
        *(f"CPU ms, up to {size:,}" for size in sizes),
        "set up a second",
        "CPU ms a minute, idle",
    )
    for key, rounds in each.items():
        held = [of_size(rounds, size) for size in sizes]
        yield (
            NAMES[key],
            *(f"{(one['server'] + one['nginx']) / 1000:.1f}" for one in held),
            f"{held[-1]['nginx'] / 1000:.1f}",
            *(f"{one['cpu'] * 1000:.2f}" for one in held),
            f"{held[-1]['rate']:,.0f}",
            f"{median(figure['minute'] for figure in rounds) * 1000:.2f}",
        )


def of_size(rounds, size):
    """Return the medians of so many connections."""
    held = [figure["held"][str(size)] for figure in rounds]
    return medians(held, *held[0])


def slow(label, each):
    yield ("", "p99 alone", "p99 beside", "grown, kB each", "sent, kB each", "missed")
    for key, rounds in each.items():
        m = medians(rounds, *rounds[0])
        grown, sent = f"{m['grown'] / 1000:,.0f}", f"{m['sent'] / 1000:,.0f}"
        yield (NAMES[key], milliseconds(m["alone"]), milliseconds(m["beside"]), grown, sent, missed(rounds))


def resume(label, each):
    yield (f"{int(label):,} clients at once", "all are live after", "CPU ms each", "entries sent to each")
    for key, rounds in each.items():
        m = medians(rounds, *rounds[0])
        yield (NAMES[key], f"{m['seconds']:.2f} s", f"{m['cpu'] * 1000:.2f}", f"{m['entries']:.0f}")


def http(label, each):
    yield ("a request", "CPU")
    for name, rounds in each.items():
        yield (name, f"{median(rounds) * 1000:.3f} ms")


TABLES = {
    "fanout": fanout,
    "rooms": fanout,
    "latency": latency,
    "connections": connections,
    "slow": slow,
    "resume": resume,
    "http": http,
}
