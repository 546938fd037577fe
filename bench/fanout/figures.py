"""What is measured in a turn; each function returns the figures of one system in one round."""

from bench.lab.cpu import peak, reset_peak
from bench.report import percentile

from .turn import Turn

SIZE = 200  # bytes of a line
IN_FLIGHT = 32_000  # deliveries under way at once, when as much is said as a server takes
RATE = 2  # lines a second: what the slowest of them can do for 1,000 clients
ENTRIES = 50  # that each client lacks when all come back at once
MUTE, READERS = 20, 20  # clients that never read, and others beside them
BIG, BIG_RATE = 65_536, 20  # bytes, and lines a second, that they are sent
FIRST = 20  # connections that are there before any is counted: a server loads things with its first
FILL = 100_000  # deliveries, for which CPU seconds are given


def fanout(bench, system, clients, rooms=1):
    """Say as much as the server takes."""
    with Turn(bench, system, clients, rooms) as turn:
        turn.connect(0, clients)
        turn.warm_up()
        before = turn.used()
        found = turn.publish(SIZE, in_flight=IN_FLIGHT, seconds=bench.seconds)
        used = difference(turn.used(), before)
    deliveries = max(1, found["deliveries"])
    return {name: value / deliveries * FILL for name, value in used.items()} | {
        "cpu": (used["server"] + used["nginx"]) / deliveries * FILL,
        "rate": deliveries / found["seconds"],
        "busy": (used["server"] + used["nginx"]) / found["seconds"],
        "load busy": used["load"] / found["seconds"],
        "missed": found["expected"] - found["deliveries"],
        "at once": found["deliveries"] / max(1, found["reads"]),
    }


def rooms(bench, system, clients):
    """The same in rooms of 20."""
    return fanout(bench, system, clients, max(1, clients // 20))


def latency(bench, system, clients):
    """Say a line at a time, and take the time until the last client has it."""
    with Turn(bench, system, clients) as turn:
        turn.connect(0, clients)
        turn.warm_up()
        found = turn.publish(SIZE, rate=RATE, seconds=bench.seconds * 2)
        calls = turn.publishing()[found["first"] :]
    return {"last": found["last"], "publishing": calls, "missed": found["expected"] - found["deliveries"]}


def connections(bench, system, sizes):
    """Connect more and more clients: memory and CPU of each, and CPU of holding them."""
    held = {}
    with Turn(bench, system, max(sizes)) as turn:
        first = connected = min(FIRST, min(sizes) // 2)
        turn.connect(0, first)
        turn.ask("hold", 1)
        empty = turn.memory()
        for size in sizes:
            before = turn.used()
            took = turn.connect(connected, size)
            used, connected = difference(turn.used(), before), size
            turn.ask("hold", 2)
            full = turn.memory()
            held[str(size)] = {
                "cpu": (used["server"] + used["nginx"]) / took["live"],
                "server": (full["server"] - empty["server"]) / (size - first),
                "nginx": (full["nginx"] - empty["nginx"]) / (size - first),
                "rate": took["live"] / took["seconds"],
            }
        before = turn.used()
        turn.ask("hold", bench.seconds * 2)
        used = difference(turn.used(), before)
    minute = (used["server"] + used["nginx"]) / max(sizes) / (bench.seconds * 2) * 60
    return {"held": held, "minute": minute}


def slow(bench, system, most):
    """Say long lines to readers; then the same with some clients more, that never read."""
    clients = min(READERS, most)
    with Turn(bench, system, clients + MUTE) as turn:
        turn.connect(0, clients)
        turn.warm_up()
        alone = turn.publish(BIG, rate=BIG_RATE, seconds=bench.seconds * 2)
        turn.connect(clients, clients + MUTE, mute=True)
        turn.ask("hold", 1)
        pids = turn.served.pids + turn.served.front
        before = reset_peak(*pids)
        beside = turn.publish(BIG, rate=BIG_RATE, seconds=bench.seconds * 2)
        grown = peak(*pids) - before
    return {
        "alone": percentile([value for value in alone["last"] if value >= 0], 0.99),
        "beside": percentile([value for value in beside["last"] if value >= 0], 0.99),
        "grown": grown / MUTE,
        "sent": beside["messages"] * BIG,
        "missed": beside["expected"] - beside["deliveries"],
    }


def resume(bench, system, clients):
    """Let all connect in the same moment; who keeps entries sends each what it lacks."""
    cursor = bench.fill(ENTRIES, SIZE) if system.keeps else None
    with Turn(bench, system, clients, cursor=cursor) as turn:
        turn.ask("hold", 0.5)
        before = turn.used()
        found = turn.connect(0, clients, at_once=clients)
        used = difference(turn.used(), before)
    return {
        "seconds": found["seconds"],
        "cpu": (used["server"] + used["nginx"]) / clients,
        "entries": found["resumed"] / clients,
    }


def difference(after, before):
    return {name: after[name] - before[name] for name in after}
