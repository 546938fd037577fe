"""What Partyline wants to reach, as ratios within one run."""

from statistics import median

from bench.lab.tables import medians
from bench.report import percentile

from .spread import spread
from .tables import of_size, pooled

MAX_OWED = 1_048_576  # bytes: WS_MAX_OWED


def rows(figures):
    """Yield (name, what, target, found, whether it is met) of all that was measured."""
    for name, targets in TARGETS.items():
        labels = list(figures.get(name, {}))
        for label in labels:
            if figures[name][label]:
                for key, what, value, target, unit in targets(label, figures[name][label], labels):
                    if value is not None:
                        yield f"{name} {key}", *row(what, value, target, unit)


def row(what, value, target, unit):
    """Return the cells of one line; `target` is a most, or a least with a minus."""
    met = value <= target if target > 0 else value >= -target
    words = f"{'≤' if target > 0 else '≥'} {abs(target):g}{unit}"
    return what, words, f"{value:.2f}{unit}", "met" if met else "**missed**"


def single(label, each, labels):
    cpu, how = costs(each), f"one line at a time, {int(label):,} clients"
    yield (
        "tutorial",
        f"deliveries per CPU second beside the tutorial, {how}",
        ratio(cpu, "tutorial"),
        -50,
        "×",
    )
    yield "socketio", f"beside Socket.IO, {how}", ratio(cpu, "socketio"), -1.6, "×"
    yield "nchan", f"beside nchan, {how}", ratio(cpu, "nchan"), -1, "×"
    yield "limit", f"CPU beside the C limit, {how}", beside(cpu, "limit"), 1.4, "×"


def fanout(label, each, labels):
    cpu, how = costs(each), f"many at once, {int(label):,} clients"
    yield (
        "tutorial",
        f"deliveries per CPU second beside the tutorial, {how}",
        ratio(cpu, "tutorial"),
        -100,
        "×",
    )
    if label == labels[0]:
        yield "socketio", f"beside Socket.IO, {how}", ratio(cpu, "socketio"), -3, "×"
        yield "nchan", f"beside nchan, {how}", ratio(cpu, "nchan"), -1.5, "×"
        what = f"CPU beside the C limit that joins as many, {how}"
        yield "limit", what, beside(cpu, "limit-coalesced"), 1.4, "×"


def rooms(label, each, labels):
    cpu = costs(each)
    yield "tutorial", "rooms of 20, beside the tutorial", ratio(cpu, "tutorial"), -30, "×"
    yield "socketio", "rooms of 20, beside Socket.IO", ratio(cpu, "socketio"), -1.5, "×"


def latency(label, each, labels):
    p99 = {key: spread(rounds)["p99"] for key, rounds in each.items()}
    yield (
        "tutorial",
        "p99 until the last client, the tutorial's beside ours",
        ratio(p99, "tutorial"),
        -20,
        "×",
    )


def quick(label, each, labels):
    found = {key: spread(rounds) for key, rounds in each.items()}
    p99, after = ({key: one[name] for key, one in found.items()} for name in ("p99", "after"))
    what = "p99 until the last client, beside the C limit"
    yield "limit", f"{what}, COMMIT included", beside(p99, "limit"), 1.15, "×"
    yield "after", f"{what}, from COMMIT on", beside(after, "limit"), 1.15, "×"


def connections(label, each, labels):
    for size in label.split(", ")[-2:]:
        held = {key: of_size(rounds, size) for key, rounds in each.items()}
        held, how = {key: one for key, one in held.items() if one}, f"{int(size):,} clients"
        if "partyline" in held:
            value = held["partyline"]["server"] / 1000
            yield "ws", f"memory of an idle connection, ws, {how}", value, 20, " kB"
        if "partyline-nginx" in held:
            value = held["partyline-nginx"]["nginx"] / 1000
            yield "nginx", f"memory of an idle connection, nginx, {how}", value, 14, " kB"
        cpu = {key: one["cpu"] for key, one in held.items()}
        yield "cpu", f"CPU to set one up, beside the tutorial's, {how}", beside(cpu, "tutorial"), 1, "×"


def slow(label, each, labels):
    for key, how in (("partyline", "direct"), ("partyline-nginx", "behind nginx")):
        if key in each:
            grown = medians(each[key], "grown")["grown"] / MAX_OWED
            alone, beside = (percentile(pooled(each[key], name), 0.99) for name in ("alone", "beside"))
            yield f"grown {key}", f"grown by a client that never reads, of its limit, {how}", grown, 1.1, "×"
            yield f"p99 {key}", f"p99 of the others, beside what it was, {how}", beside / alone, 1.1, "×"


def http(label, each, labels):
    cpu = {name: median(rounds) for name, rounds in each.items()}
    for name in ("list of rooms", "a room"):
        yield (
            name,
            f"CPU of a page ({name}), beside the bare view",
            cpu[name] / cpu[f"{name}, bare"],
            1.15,
            "×",
        )


TARGETS = {
    "single": single,
    "fanout": fanout,
    "latency": latency,
    "quick": quick,
    "rooms": rooms,
    "connections": connections,
    "slow": slow,
    "http": http,
}


def costs(each):
    """Return {system: CPU seconds of its servers}, the medians of the rounds."""
    return {key: median(figure["cpu"] for figure in rounds) for key, rounds in each.items()}


def ratio(values, other):
    """Return how many times ours the other's is, or None where one of them was not measured."""
    ours, theirs = values.get("partyline"), values.get(other)
    return theirs / ours if ours and theirs else None


def beside(values, other):
    """Return how many times the other's ours is, or None where one of them was not measured."""
    found = ratio(values, other)
    return found and 1 / found
