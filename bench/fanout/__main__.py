"""`make bench`: measure Partyline beside what others build rooms with, and write it to bench/results/.

Knobs, from the environment: SYSTEMS and FIGURES (their names, with commas), ROUNDS, CLIENTS (numbers, with
commas; the middle one is for figures that need one), SECONDS (of one measurement), STORE (postgres or
sqlite), OUT (the folder that is written to). FIGURES=none only writes the page anew.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bench.lab import machine, venv
from bench.lab.knobs import choices, knob, numbers
from bench.lab.stores import stores
from bench.shell import ROOT, StackError

from . import report
from .cores import Cores
from .ground import HERE, prepared
from .kept import Kept
from .sittings import Run, middle, say
from .systems import SYSTEMS
from .words import TITLES

PACKAGES = ("django", "channels", "channels_redis", "daphne", "uvicorn", "uvloop", "psycopg", "redis")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    rounds, seconds, sizes = knob("ROUNDS", 5, 1), knob("SECONDS", 2, 1), numbers("CLIENTS", "100,1000,5000")
    [store] = choices("STORE", ["postgres"], ["postgres", "sqlite"])
    names = choices("FIGURES", list(TITLES), [*TITLES, "none"])
    keys = [system.key for system in SYSTEMS]
    asked = choices("SYSTEMS", keys, keys)
    out = Path(os.environ.get("OUT", ROOT / "bench" / "results"))
    if names != ["none"]:
        present, notes = installed(asked)
        python, cores = venv.python(), Cores()
        lines = [*machine.described(python, ROOT / "var", *PACKAGES), *versions(present), cores.words, *notes]
        run = {"machine": lines, "rounds": rounds, "seconds": seconds, "store": store, **when()}
        kept = Kept(out, run)
        cores.take_others()
        with stores(with_postgres=store == "postgres") as made:
            say("preparing")
            bench = prepared(made, python, cores, seconds, store, max(sizes), middle(sizes))
            for _ in Run(bench, present, kept, rounds, sizes).measure(names):
                report.written(kept.figures, out)
    report.written(figures := Kept(out).figures, out)
    print((out / "fanout.md").read_text(), f"\nbench: written to {out}/fanout.md", sep="")
    notes = [note for name in names if name in figures for note in figures[name]["notes"]]
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


def when():
    """Return the day, and the commit where there is one."""
    git = ("git", "-C", ROOT)
    try:
        commit = machine.said(*git, "rev-parse", "--short", "HEAD")
        changed = machine.said(*git, "status", "--porcelain", "--", ".", ":!bench/results")
    except (OSError, subprocess.CalledProcessError):
        return {"day": time.strftime("%Y-%m-%d"), "commit": ""}
    return {"day": time.strftime("%Y-%m-%d"), "commit": commit + (" with changes" if changed else "")}


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(f"bench: {error}")
