"""`make bench`: measure Partyline beside what others build rooms with, and write it to bench/results/.

Knobs, from the environment: SYSTEMS and FIGURES (their names, with commas), ROUNDS, CLIENTS (numbers, with
commas; the middle one is for figures that need one), SECONDS (of one measurement), STORE (postgres or
sqlite), OUT (the folder that is written to).
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from bench.lab import machine, venv
from bench.lab.knobs import choices, knob, numbers
from bench.lab.stores import stores
from bench.shell import ROOT, StackError

from . import figures, pages, pictures, report
from .cores import Cores
from .ground import HERE, prepared
from .systems import SYSTEMS, nginx_is_missing

PACKAGES = ("django", "channels", "channels_redis", "daphne", "uvicorn", "uvloop", "psycopg", "redis")
KEPT = ROOT / "var" / "bench" / "fanout.json"  # every round's figures
EACH_SIZE = ("fanout",)
FIGURES = {
    "fanout": figures.fanout,
    "rooms": figures.rooms,
    "latency": figures.latency,
    "connections": figures.connections,
    "slow": figures.slow,
    "resume": figures.resume,
    "http": None,
}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    rounds, seconds, sizes = knob("ROUNDS", 5, 1), knob("SECONDS", 5, 1), numbers("CLIENTS", "100,1000,5000")
    [store] = choices("STORE", ["postgres"], ["postgres", "sqlite"])
    measured = choices("FIGURES", list(FIGURES), list(FIGURES))
    keys = [system.key for system in SYSTEMS]
    present, notes = installed(choices("SYSTEMS", keys, keys))
    out = Path(os.environ.get("OUT", ROOT / "bench" / "results"))
    python, cores = venv.python(), Cores()
    described = [*machine.described(python, ROOT / "var", *PACKAGES), *versions(present), cores.words]
    found = {"machine": described, "rounds": rounds, "store": store, "notes": notes, "loads": []}
    found["figures"] = {name: {} for name in measured}
    cores.take_others()
    with stores(with_postgres=store == "postgres") as made:
        say("preparing")
        bench = prepared(made, python, cores, seconds, store, max(sizes), middle(sizes))
        for name in measured:
            run(name, bench, present, rounds, sizes, found)
            KEPT.write_text(json.dumps(found))
    written(found, out)
    if failures := [note for note in notes if note.startswith("failed")]:
        raise StackError("\n".join(failures))


def installed(asked):
    """Return the systems that can be compared here, and in words why others cannot."""
    present, notes = [], []
    for system in SYSTEMS:
        if system.key in asked:
            if why := system.missing():
                notes.append(f"{system.name} is not compared: {why}")
                say(notes[-1])
            else:
                present.append(system)
    return present, notes


def versions(present):
    """Return lines about what does not come from PyPI."""
    keys, found = {system.key for system in present}, []
    if "socketio" in keys:
        packages = json.loads((HERE / "npm/package.json").read_text())["dependencies"]
        told = ", ".join(f"{name} {version}" for name, version in packages.items())
        found.append(f"node {machine.said('node', '--version')}, {told}")
    if keys & {"nchan", "partyline-nginx"}:
        found.append(f"nginx {machine.nginx()}")
    return found


def run(name, bench, present, rounds, sizes, found):
    """Measure one figure of all systems, at the sizes that it is for."""
    if name == "http":
        by_pages(bench, rounds, found)
    elif name == "connections":
        in_turn(name, ", ".join(map(str, sizes)), sizes, bench, present, rounds, found)
    else:
        for size in sizes if name in EACH_SIZE else [middle(sizes)]:
            in_turn(name, str(size), size, bench, present, rounds, found)


def in_turn(name, label, size, bench, present, rounds, found):
    """Measure every system, one after the other, so many times; one that fails is told of, and left out."""
    kept = found["figures"][name].setdefault(label, {})
    for number in range(rounds):
        for system in present:
            where = f"{name}, {label} clients, {system.name}"
            try:
                figure = FIGURES[name](bench, system, size)
            except (StackError, OSError, subprocess.SubprocessError) as error:
                found["notes"].append(f"failed: {where}: {error}")
                say(found["notes"][-1])
                continue
            kept.setdefault(system.key, []).append(figure)
            found["loads"].append(os.getloadavg()[0])
            say(f"round {number + 1}: {where}: {report.brief(figure)}")


def by_pages(bench, rounds, found):
    """Measure pages and files, which none of the peers has, through nginx."""
    if why := nginx_is_missing():
        found["notes"].append(f"Pages and files are not measured: {why}")
        return
    bench.manage("collectstatic", "--noinput")
    kept = found["figures"]["http"].setdefault("requests", {})
    for number in range(rounds):
        for name, seconds in pages.measure(bench).items():
            kept.setdefault(name, []).append(seconds)
            say(f"round {number + 1}: http: {name}: {seconds * 1000:.3f} ms of CPU")


def middle(sizes):
    return sorted(sizes)[len(sizes) // 2]


def written(found, out):
    """Write the page and its pictures."""
    out.mkdir(parents=True, exist_ok=True)
    text = report.page(found)
    (out / "fanout.md").write_text(text)
    for name, svg in pictures.drawn(found["figures"]).items():
        (out / f"fanout-{name}.svg").write_text(svg)
    print(text, f"\nbench: written to {out}/fanout.md", sep="")


def say(words):
    print(f"bench: {words}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(f"bench: {error}")
