"""What Partyline wants to reach, as ratios within one run."""

from statistics import median

from bench.lab.tables import medians

from .spread import spread
from .tables import of_size

MAX_OWED = 1_048_576  # bytes: WS_MAX_OWED


def rows(figures):
    """Yield (what, target, found, whether it is met) of all that was measured."""
    for name, targets in TARGETS.items():
        labels = list(figures.get(name, {}))
        for label in labels:
            if figures[name][label]:
                for what, value, target, unit in targets(label, figures[name][label], labels):
                    if value is not None:
                        yield row(what, value, target, unit)


def row(what, value, target, unit):
    """Return the cells of one line; `target` is a most, or a least with a minus."""
    met = value <= target if target > 0 else value >= -target
    words = f"{'≤' if target > 0 else '≥'} {abs(target):g}{unit}"
    return what, words, f"{value:.2f}{unit}", "met" if met else "**missed**"


def fanout(label, each, labels):
    place = labels.index(label) - len(labels) // 2
    cpu, size = costs(each), f"{int(label):,} clients"
    if place >= 0:
        yield f"deliveries per CPU second beside the tutorial, {size}", ratio(cpu, "tutorial"), -100, "×"
    if place == 0:
        yield f"beside Socket.IO, {size}", ratio(cpu, "socketio"), -3, "×"
        yield f"beside nchan, {size}", ratio(cpu, "nchan"), -1.5, "×"
        yield f"CPU beside the C limit, both coalescing, {size}", beside(cpu, "limit-coalesced"), 1.4, "×"


def rooms(label, each, labels):
    cpu = costs(each)
    yield "rooms of 20, beside the tutorial", ratio(cpu, "tutorial"), -30, "×"
    yield "rooms of 20, beside Socket.IO", ratio(cpu, "socketio"), -1.5, "×"


def latency(label, each, labels):
    found = {key: spread(rounds) for key, rounds in each.items()}
    p99 = {key: values["p99"] for key, values in found.items()}
    after = {key: values["after"] for key, values in found.items()}
    yield "p99 until the last client, the tutorial's beside ours", ratio(p99, "tutorial"), -20, "×"
    yield "p99 until the last client, COMMIT included, beside the C limit", beside(p99, "limit"), 1.15, "×"
    yield "p99 from COMMIT to the last client, beside the C limit", beside(after, "limit"), 1.15, "×"


def connections(label, each, labels):
    held = {key: of_size(rounds, label.split(", ")[-1]) for key, rounds in each.items()}
    if "partyline" in held:
        yield "memory of an idle connection, ws", held["partyline"]["server"] / 1000, 20, " kB"
    if "partyline-nginx" in held:
        yield "memory of an idle connection, nginx", held["partyline-nginx"]["nginx"] / 1000, 14, " kB"
    cpu = {key: one["cpu"] for key, one in held.items()}
    yield "CPU to set one up, beside the tutorial's", beside(cpu, "tutorial"), 1, "×"


def slow(label, each, labels):
    if "partyline" in each:
        m = medians(each["partyline"], "grown", "alone", "beside")
        yield "grown by a client that never reads, of its limit", m["grown"] / MAX_OWED, 1.1, "×"
        yield "p99 of the others, beside what it was", m["beside"] / m["alone"], 1.1, "×"


def http(label, each, labels):
    cpu = {name: median(rounds) for name, rounds in each.items()}
    for name in ("list of rooms", "a room"):
        yield f"CPU of a page ({name}), beside the bare view", cpu[name] / cpu[f"{name}, bare"], 1.15, "×"


TARGETS = {
    "fanout": fanout,
    "rooms": rooms,
    "latency": latency,
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
