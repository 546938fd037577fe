"""What is measured in a turn; each sitting returns {figure: what was found} of one system in one round."""

from bench.lab.cpu import peak, reset_peak

from .turn import Turn

SIZE = 200  # bytes of a line
IN_FLIGHT, FEWEST, MOST = (
    16_000,
    6,
    64,
)  # deliveries under way at once in bursts; lines; channels-redis takes 100
RATE, QUICK_RATE = 2, 20  # lines a second: what the slowest can do for 1,000 clients; what the others can
LONGER, LONGEST = 1.5, 5  # times as long where lines come by the clock, and there is a percentile of them
ENTRIES = 50  # that each client lacks when all come back at once
MUTE, READERS = 20, 20  # clients that never read, and others beside them
BIG, BIG_RATE = 65_536, 20  # bytes, and lines a second, that they are sent
FIRST = 20  # connections that are there before any is counted: a server loads things with its first
PING = 25  # seconds: each of them pings once in this time
FILL = 100_000  # deliveries, for which CPU seconds are given


def one_room(bench, system, clients, names, rooms=1):
    """Say lines to those who are there, in each of these ways, one way after the other."""
    with Turn(bench, system, clients, rooms) as turn:
        turn.connect(0, clients)
        turn.warm_up()
        found = {name: SAID[name](turn, bench.seconds) for name in names}
        calls = turn.publishing()
    for figure in found.values():
        first, last = figure.pop("lines")
        if "last" in figure:
            figure["publishing"] = calls[first:last]
    return found


def rooms(bench, system, clients, names):
    """Say lines in rooms of 20."""
    return {"rooms": one_room(bench, system, clients, ["fanout"], max(1, clients // 20))["fanout"]}


def single(turn, seconds):
    """Say the next line when everybody has the one before: nothing can be joined."""
    return cost(turn, 1, seconds)


def fanout(turn, seconds):
    """Say many at once."""
    return cost(turn, min(MOST, max(FEWEST, IN_FLIGHT * turn.rooms // turn.clients)), seconds)


def cost(turn, lines, seconds):
    """Have so many lines under way all the time, and return what that costs."""
    before = turn.used()
    found = turn.publish(SIZE, lines=lines, seconds=seconds)
    used = difference(turn.used(), before)
    deliveries = max(1, found["deliveries"])
    return {name: value / deliveries * FILL for name, value in used.items()} | {
        "cpu": (used["server"] + used["nginx"]) / deliveries * FILL,
        "rate": deliveries / found["seconds"],
        "busy": (used["server"] + used["nginx"]) / found["seconds"],
        "load busy": used["load"] / found["seconds"],
        "missed": found["expected"] - found["deliveries"],
        "at once": found["deliveries"] / max(1, found["reads"]),
        "in a frame": found["deliveries"] / max(1, found["frames"]),
        "lines": (found["first"], found["first"] + found["messages"]),
    }


def latency(turn, seconds):
    """Say lines slowly, and take the time until the last client has each."""
    return times(turn, RATE, seconds * LONGEST)


def quick(turn, seconds):
    """The same as often as all can take but the tutorial's."""
    return times(turn, QUICK_RATE, seconds * LONGER)


def times(turn, rate, seconds):
    found = turn.publish(SIZE, rate=rate, seconds=seconds)
    return {
        "last": found["last"],
        "missed": found["expected"] - found["deliveries"],
        "lines": (found["first"], found["first"] + found["messages"]),
    }


SAID = {"single": single, "fanout": fanout, "latency": latency, "quick": quick}


def crowd(bench, system, sizes, names, idle=True):
    """Connect more and more clients, hold them where it is asked for, and say lines to all of them."""
    found, held = {}, {}
    with Turn(bench, system, max(sizes)) as turn:
        first = connected = min(FIRST, min(sizes) // 2)
        turn.connect(0, first)
        turn.ask("hold", 1)
        empty = turn.memory()
        for size in sizes:
            before = turn.used()
            took = turn.connect(connected, size)
            used, connected = difference(turn.used(), before), size
            turn.ask("hold", 1)
            full = turn.memory()
            held[str(size)] = {
                "cpu": (used["server"] + used["nginx"]) / took["live"],
                "server": (full["server"] - empty["server"]) / (size - first),
                "nginx": (full["nginx"] - empty["nginx"]) / (size - first),
                "rate": took["live"] / took["seconds"],
            }
        found["connections"] = {"held": held}
        if idle:
            before = turn.used()
            turn.ask("hold", PING)
            used = difference(turn.used(), before)
            found["connections"]["minute"] = (used["server"] + used["nginx"]) / max(sizes) / PING * 60
        if "fanout" in names:
            turn.warm_up()
            found["fanout"] = fanout(turn, bench.seconds)
            del found["fanout"]["lines"]
    return found


def slow(bench, system, most, names):
    """Say long lines to readers; then the same with some clients more, that never read."""
    clients = min(READERS, most)
    with Turn(bench, system, clients + MUTE) as turn:
        turn.connect(0, clients)
        turn.warm_up()
        turn.publish(BIG, rate=BIG_RATE, seconds=0.5)
        alone = turn.publish(BIG, rate=BIG_RATE, seconds=bench.seconds * LONGER)
        turn.connect(clients, clients + MUTE, mute=True)
        turn.ask("hold", 1)
        pids = turn.served.pids + turn.served.front
        before = reset_peak(*pids)
        beside = turn.publish(BIG, rate=BIG_RATE, seconds=bench.seconds * LONGER)
        grown = peak(*pids) - before
    figure = {
        "alone": alone["last"],
        "beside": beside["last"],
        "grown": grown / MUTE,
        "sent": beside["messages"] * BIG,
        "missed": beside["expected"] - beside["deliveries"],
    }
    return {"slow": figure}


def resume(bench, system, clients, names):
    """Let all connect in the same moment; who keeps entries sends each what it lacks."""
    cursor = bench.fill(ENTRIES, SIZE) if system.keeps else None
    with Turn(bench, system, clients, cursor=cursor) as turn:
        turn.ask("hold", 0.5)
        before = turn.used()
        found = turn.connect(0, clients, at_once=clients)
        used = difference(turn.used(), before)
    figure = {
        "seconds": found["seconds"],
        "cpu": (used["server"] + used["nginx"]) / clients,
        "entries": found["resumed"] / clients,
    }
    return {"resume": figure}


def difference(after, before):
    return {name: after[name] - before[name] for name in after}
