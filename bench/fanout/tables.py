"""The rows of the page's tables, a function for each figure: (its label, {system: figures of each round})."""

from statistics import median

from bench.lab.tables import medians, milliseconds
from bench.report import percentile

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
        yield (NAMES[key], *map(time_of, cells), missed(rounds))


def connections(label, each):
    sizes = [int(size) for size in label.split(", ")]
    yield (
        "one connection",
        *(f"kB, of {size:,}" for size in sizes),
        *(f"of it nginx, {size:,}" for size in sizes[-2:]),
        *(f"CPU ms, up to {size:,}" for size in sizes),
        "set up a second",
        "CPU ms a minute, idle",
    )
    for key, rounds in each.items():
        held = [of_size(rounds, size) for size in sizes]
        minute = median([figure["minute"] for figure in rounds if "minute" in figure] or [0])
        yield (
            NAMES[key],
            *(one and f"{(one['server'] + one['nginx']) / 1000:.1f}" or "–" for one in held),
            *(one and f"{one['nginx'] / 1000:.1f}" or "–" for one in held[-2:]),
            *(one and f"{one['cpu'] * 1000:.2f}" or "–" for one in held),
            f"{[one for one in held if one][-1]['rate']:,.0f}",
            f"{minute * 1000:.2f}",
        )


def of_size(rounds, size):
    """Return the medians of so many connections, or nothing where no so many were asked for."""
    held = [figure["held"][str(size)] for figure in rounds if str(size) in figure["held"]]
    return held and medians(held, *held[0])


def slow(label, each):
    yield ("", "p99 alone", "p99 beside", "grown, kB each", "sent, kB each", "missed")
    for key, rounds in each.items():
        m = medians(rounds, "grown", "sent")
        p99 = [percentile(pooled(rounds, name), 0.99) for name in ("alone", "beside")]
        grown, sent = f"{m['grown'] / 1000:,.0f}", f"{m['sent'] / 1000:,.0f}"
        yield (NAMES[key], *map(time_of, p99), grown, sent, missed(rounds))


def pooled(rounds, name):
    """Return the times of all rounds' lines that everybody got."""
    return [value for figure in rounds for value in figure[name] if value >= 0]


def time_of(value):
    return "–" if value is None else milliseconds(value)


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
