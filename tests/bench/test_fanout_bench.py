"""`make bench` counts what comes, sees what does not, works out what it says, and leaves nothing behind."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from bench.fanout import figures, ground, pictures, report, sittings, systems, targets
from bench.fanout.cores import Cores
from bench.fanout.kept import Kept
from bench.fanout.spread import spread
from bench.fanout.systems import Served, System, at
from bench.fanout.turn import Turn
from bench.lab import cpu
from bench.shell import ROOT, StackError
from tests.site import free_ports

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler is installed")
needs_redis = pytest.mark.skipif(not shutil.which("redis-server"), reason="Redis is not installed")
# It takes lines like limit.c, one frame for two of them, and may forget its first client.
SERVER = """
import asyncio, sys
from websockets.asyncio.server import broadcast, serve
sockets, forgets = [], sys.argv[3] == "forgets"
async def read(socket):
    sockets.append(socket)
    await socket.wait_closed()
async def publish(reader, writer):
    while line := await reader.readline():
        line += await reader.readline() if sys.argv[3] == "pairs" else b""
        broadcast(sockets[forgets:], line.decode())
async def main():
    await asyncio.start_server(publish, "127.0.0.1", int(sys.argv[2]), limit=1 << 20)
    async with serve(read, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture
def scratch():
    """A folder whose name is short enough for the sockets in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@needs_redis
def test_it_works(tmp_path, scratch):
    knobs = {"SYSTEMS": "partyline,tutorial,limit", "FIGURES": "single,resume", "CLIENTS": "20"}
    knobs |= {"ROUNDS": "1", "SECONDS": "1", "STORE": "sqlite", "OUT": str(tmp_path)}
    environment = os.environ | knobs | {"TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "bench.fanout"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "fanout.md").read_text().splitlines()
    names = [systems.NAMES[key] for key in knobs["SYSTEMS"].split(",")]
    for name in names:
        single, resumed = [line for line in lines if line.startswith(f"| {name} |")]
        assert single.endswith("| 0 |")
        assert resumed.endswith("| 50 |" if name == "Partyline" else "| 0 |")
    bars = ElementTree.parse(tmp_path / "fanout-single.svg").findall("{*}rect[@class='inner']")
    assert len(bars) == 2 * len(names)
    assert set(json.loads((tmp_path / "fanout.json").read_text())) == {"single", "resume"}
    assert list(scratch.iterdir()) == []
    assert str(scratch) not in programs()


def programs():
    """Return the command lines of all processes but this one."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text("latin-1") if file.parent.name != str(os.getpid()) else "")
        except OSError:
            pass  # it has just ended
    return "\n".join(found)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bin")
    ground.compile_c(folder, "-DPATIENCE=1", "-Werror")
    return folder


@pytest.fixture
def bench(tmp_path, compiled):
    """What turns stand on, without stores."""
    found = ground.Bench(tmp_path, sys.executable, Cores(), SimpleNamespace(pids=[]), {}, 1, compiled)
    found.forget = lambda: None
    return found


def server(how):
    """Return a system that is a server of this test."""

    def start(bench, programs):
        port, publishing = free_ports(2)
        process = programs.start(sys.executable, "-c", SERVER, port, publishing, how, serves=True)
        programs.listens(port)
        programs.listens(publishing)
        publisher = [sys.executable, "-m", "bench.fanout.publish_tcp", publishing]
        return Served(port, [process.pid], at("/{}"), publisher)

    return System("server", "Server", start)


SYSTEMS = {system.key: system for system in systems.SYSTEMS}
LIMIT = SYSTEMS["limit"]


def test_every_delivery_is_counted_and_timed(bench):
    with Turn(bench, LIMIT, 30, rooms=3) as turn:
        assert turn.connect(0, 30)["live"] == 30
        found = turn.publish(200, rate=50, seconds=0.5)
        assert found["deliveries"] == found["expected"] == found["messages"] * 10
        assert found["messages"] == pytest.approx(25, abs=3)
        assert all(0 < last < 5 for last in found["last"])
        again = turn.publish(70_000, rate=50, seconds=0.1)  # longer than a frame's short lengths, and a pipe
        assert again["deliveries"] == again["expected"] > 0
        assert again["first"] == found["messages"]
        assert len(turn.publishing()) == found["messages"] + again["messages"]


def test_several_lines_in_a_frame_count_each(bench):
    with Turn(bench, server("pairs"), 4) as turn:
        turn.connect(0, 4)
        found = turn.publish(200, lines=8, seconds=0.3)
    assert found["messages"] % 2 or found["deliveries"] == found["expected"] == found["messages"] * 4
    assert found["frames"] == found["deliveries"] / 2


def test_what_does_not_come_is_missed(bench, monkeypatch):
    monkeypatch.setattr("bench.fanout.turn.TRIES", 1)
    with Turn(bench, server("forgets"), 4) as turn:
        turn.connect(0, 4)
        found = turn.publish(200, rate=20, seconds=0.3)
        assert found["expected"] - found["deliveries"] == found["messages"] > 0
        assert found["last"] == [-1] * found["messages"]
        with pytest.raises(StackError, match="not every client hears"):
            turn.warm_up()


def test_a_client_that_is_not_let_in_fails_the_turn(bench):
    refuses = System("limit", "Limit", lambda *words: other_path(LIMIT.start(*words)))
    with Turn(bench, refuses, 2) as turn, pytest.raises(StackError, match="0 of 2 are live"):
        turn.connect(0, 2)


def other_path(served):
    served.client = at("/of-no-room/{}")
    return served


def test_a_program_that_ends_by_itself_fails_the_turn(bench):
    with Turn(bench, LIMIT, 2) as turn:
        turn.connect(0, 2)
        turn.publisher.kill()
        turn.publisher.wait()
        with pytest.raises(StackError, match="ended with -9"):
            turn.publish(200, rate=10, seconds=1)


def test_a_client_that_never_reads_is_seen_to_cost_memory(bench, monkeypatch):
    monkeypatch.setattr(figures, "MUTE", 2)
    monkeypatch.setattr(figures, "BIG", 500_000)  # the kernel alone takes some megabytes for each
    found = figures.slow(bench, server("all"), 2, ["slow"])["slow"]
    assert found["missed"] == 0
    assert 5_000_000 < found["grown"] < found["sent"] * 1.2


def test_memory_counts_what_a_process_takes():
    before = cpu.memory(os.getpid())
    taken = bytearray(os.urandom(1)) * 50_000_000
    assert 40_000_000 < cpu.memory(os.getpid()) - before < 60_000_000
    del taken


def test_a_line_at_a_time_waits_for_everybody(bench):
    with Turn(bench, server("pairs"), 4) as turn:
        turn.connect(0, 4)
        found = turn.publish(200, lines=1, seconds=0.3)
    assert (found["messages"], found["deliveries"]) == (1, 0)  # that server waits for a second one


def test_the_limit_joins_as_many_as_it_is_told(bench):
    bench.joined = 4
    with Turn(bench, SYSTEMS["limit-coalesced"], 3) as turn:
        turn.connect(0, 3)
        found = turn.publish(200, lines=64, seconds=0.5)
        alone = turn.publish(200, lines=1, seconds=0.1)
    assert found["deliveries"] == found["expected"] > 100
    assert 3 <= found["deliveries"] / found["reads"]
    assert alone["deliveries"] == alone["expected"] > 3  # a rest that is fewer is not held back


RUN = {
    "machine": ["1 core"],
    "rounds": 3,
    "seconds": 1,
    "store": "sqlite",
    "day": "2026-01-01",
    "commit": "abc",
}


def run_of(measured, kept, sizes=(10, 20, 40), names=("limit", "nchan"), monkeypatch=None):
    """Measure with functions that take note instead; return Run."""
    taken = [System(name, name, None, most=20 if name == "nchan" else 0) for name in names]
    return sittings.Run(SimpleNamespace(joined=0), taken, kept, RUN["rounds"], list(sizes))


@pytest.fixture
def stand_ins(monkeypatch):
    """Figures that only take note of what they were asked for: (system, size, names)."""
    asked = []

    def figure(bench, system, size, names, **more):
        asked.append((system.key, size, tuple(names)))
        if system.key == "broken":
            raise StackError("it is broken")
        return {name: {"cpu": len(asked)} for name in names}

    for name in ("one_room", "rooms", "crowd", "slow", "resume"):
        monkeypatch.setattr(figures, name, figure)
    return asked


def test_figures_of_a_turn_are_measured_together_and_systems_in_turn(stand_ins, tmp_path):
    kept = Kept(tmp_path, RUN)
    done = len(list(run_of(stand_ins, kept).measure(["fanout", "single", "connections"])))
    assert done == 2 * RUN["rounds"]
    first = [("limit", 20, ("single", "fanout")), ("nchan", 20, ("single", "fanout"))]
    second = [("limit", [10, 20, 40], ("connections", "fanout")), ("nchan", [10, 20], ("connections",))]
    assert stand_ins == first * 3 + second * 3
    sizes = Kept(tmp_path).figures["fanout"]["sizes"]
    assert {label: {key: len(each) for key, each in by.items()} for label, by in sizes.items()} == {
        "20": {"limit": 3, "nchan": 3},
        "40": {"limit": 3},
    }
    assert not kept.figures["fanout"]["unfinished"]


def test_an_interrupted_run_leaves_its_rounds_and_says_so(stand_ins, tmp_path):
    whole = Kept(tmp_path, RUN | {"commit": "old"})
    list(run_of(stand_ins, whole).measure(["rooms", "resume"]))
    rounds = run_of(stand_ins, Kept(tmp_path, RUN | {"day": "2026-02-02"})).measure(["rooms", "resume"])
    next(rounds), next(rounds)
    left = Kept(tmp_path).figures
    assert left["rooms"]["unfinished"] and not left["resume"]["unfinished"]
    assert [run["commit"] for run in (left["rooms"]["run"], left["resume"]["run"])] == ["abc", "old"]
    assert list(report.told(left["rooms"], left["rooms"]["run"])) == [
        "- **Interrupted**: 2 of 3 rounds are complete."
    ]
    [other] = report.told(left["resume"], left["rooms"]["run"])
    assert other.startswith("- **From another run** (rounds: 3): ") and "commit old" in other


def test_a_system_that_fails_is_told_of_and_soon_left_out(stand_ins, tmp_path):
    kept = Kept(tmp_path, RUN)
    list(run_of(stand_ins, kept, names=("broken", "limit")).measure(["rooms"]))
    assert [key for key, *_ in stand_ins].count("broken") == sittings.FAILURES
    assert len(kept.figures["rooms"]["sizes"]["20"]["limit"]) == 3
    assert kept.figures["rooms"]["notes"][0] == "failed: rooms, 20 clients, broken, round 1: it is broken"


def test_the_limit_follows_partyline(monkeypatch, tmp_path):
    joined = []

    def figure(bench, system, size, names):
        joined.append(bench.joined)
        return {"fanout": {"in a frame": 6.6, "cpu": 1}}

    monkeypatch.setattr(figures, "one_room", figure)
    list(run_of(None, Kept(tmp_path, RUN), (20,), ("partyline", "limit-coalesced")).measure(["fanout"]))
    assert joined == [0, 7, 7, 7, 7, 7]


def cost(cpu, **more):
    return {"cpu": cpu, "rate": 1000, "busy": 1, "load busy": 0.5, "missed": 0, "at once": 1, "nginx": 0} | {
        "server": cpu,
        "stores": 0,
        "publisher": 0,
        "load": 0.1,
        **more,
    }


def found(**by_figure):
    more = {"run": RUN, "notes": [], "loads": [1.0], "unfinished": False}
    return {name: more | {"sizes": sizes} for name, sizes in by_figure.items()}


def test_figures_are_medians_and_targets_ratios_of_them():
    each = {
        "partyline": [cost(1), cost(2), cost(90)],
        "tutorial": [cost(300), cost(300), cost(1)],
        "limit-coalesced": [cost(1)] * 3,
        "limit": [cost(1)] * 3,
    }
    text = report.page(found(fanout={"1000": each}))
    what = "deliveries per CPU second beside the tutorial, many at once, 1,000 clients"
    assert f"| {what} | ≥ 100× | 150.00× | met |" in text
    what = "CPU beside the C limit that joins as many, many at once, 1,000 clients"
    assert f"| {what} | ≤ 1.4× | 2.00× | **missed** |" in text
    assert f"- **{what}**: " in text
    assert "Socket.IO, 1,000" not in text  # it was not measured
    assert "| Partyline | **2.00** | 1,000 |" in text
    assert "by 1,000 clients: 1,000 deliveries a second with 50% of a core" in text


def test_every_number_of_the_targets_has_its_row():
    each = {
        key: [cost(1)] for key in ("partyline", "tutorial", "socketio", "nchan", "limit", "limit-coalesced")
    }
    rows = list(targets.rows({"single": {"1000": each}, "fanout": {"1000": each, "5000": each}}))
    assert [(key, target) for key, _, target, *_ in rows] == [
        ("single tutorial", "≥ 50×"),
        ("single socketio", "≥ 1.6×"),
        ("single nchan", "≥ 1×"),
        ("single limit", "≤ 1.4×"),
        ("fanout tutorial", "≥ 100×"),
        ("fanout socketio", "≥ 3×"),
        ("fanout nchan", "≥ 1.5×"),
        ("fanout limit", "≤ 1.4×"),
        ("fanout tutorial", "≥ 100×"),
    ]


def test_lines_that_did_not_come_have_no_time():
    rounds = [
        {"last": [0.010, -1.0, 0.030], "publishing": [0.004, 0.004, 0.004]},
        {"last": [0.020], "publishing": []},
    ]
    assert spread(rounds) == {"p50": 0.020, "p99": 0.030, "publishing": 0.004, "after": pytest.approx(0.026)}
    assert spread([{"last": [0.5], "publishing": []}])["after"] is None


def test_memory_of_a_connection_is_that_of_its_size():
    held = {"100": one(9e9, 0), "1000": one(30_000, 0), "5000": one(18_000, 2_000)}
    few = {"100": one(1000, 0), "1000": one(41_000, 0)}
    each = {
        "partyline": [{"held": held, "minute": 0.001}, {"held": held}],
        "tutorial-pubsub": [{"held": few}],
    }
    text = report.page(found(connections={"100, 1000, 5000": each}))
    assert "| memory of an idle connection, ws, 1,000 clients | ≤ 20 kB | 30.00 kB | **missed** |" in text
    assert "| memory of an idle connection, ws, 5,000 clients | ≤ 20 kB | 18.00 kB | met |" in text
    assert "| Tutorial: Daphne, pubsub layer | 1.0 | 41.0 | – | 0.0 | – |" in text
    json.dumps(each)  # as it is kept
    assert "20.0" in pictures.drawn({"connections": {"100, 1000, 5000": each}})["connections"]


def one(server, nginx):
    return {"cpu": 0.001, "server": server, "nginx": nginx, "rate": 100}


def test_a_system_that_cannot_be_installed_is_told_of(monkeypatch):
    from bench.fanout import __main__ as run

    absent = System("nchan", "nchan", None, lambda: "nchan is not installed: apt-get install …")
    monkeypatch.setattr(run, "SYSTEMS", [LIMIT, absent])
    present, notes = run.installed(["limit", "nchan"])
    assert present == [LIMIT]
    assert notes == ["nchan is not compared: nchan is not installed: apt-get install …"]
