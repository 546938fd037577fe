"""`make bench-jobs`: measure jobs beside procrastinate and Celery, and write it to bench/results/.

Knobs, from the environment: ROUNDS, JOBS (of a backlog), OUT (the folder that is written to).
"""

import os
import signal
import sys
from pathlib import Path

from bench.lab import machine, venv
from bench.lab.knobs import knob
from bench.lab.stores import stores
from bench.shell import ROOT, StackError

from . import report
from .statements import counted
from .systems import SYSTEMS, Bench

FINISHED = 100_000  # rows
LEAST = 10  # jobs
PACKAGES = ("django", "psycopg", "redis", "procrastinate", "celery")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    rounds, jobs = knob("ROUNDS", 5, 1), knob("JOBS", 1000, LEAST)
    out = Path(os.environ.get("OUT", ROOT / "bench" / "results"))
    python = venv.python()
    with stores(["--appendonly", "yes"]) as made:  # Celery's jobs are to outlive their Redis
        bench = Bench(python, made)
        found = {"machine": machine.described(python, made.folder, *PACKAGES)}
        prepare(bench)
        found["turns"] = turns(bench, rounds, jobs)
        found["statements"] = statements(bench, min(jobs, 100))
        found["claims"] = claims(bench, rounds, jobs)
    out.mkdir(parents=True, exist_ok=True)
    text = report.page(found, rounds, jobs)
    (out / "jobs.md").write_text(text)
    (out / "jobs.svg").write_text(report.picture(found["turns"]))
    print(text, f"\nbench: written to {out}/jobs.md and jobs.svg", sep="")


def prepare(bench):
    """Make the databases. Those beside `ours` are as it is at first."""
    say("preparing the databases")
    stores = bench.stores
    for name in ("ours", "procrastinate"):
        stores.sql(f"CREATE DATABASE {name}")
    bench.run("manage.py", "migrate", "--verbosity=0")
    bench.run("-m", "procrastinate", "--app=bench.jobs.procrastinate_tasks.app", "schema", "--apply")
    for name in ("logged", "none", "many"):
        stores.sql(f"CREATE DATABASE {name} TEMPLATE ours")
    stores.sql("ALTER DATABASE logged SET log_statement = 'all'")
    bench.run("-m", "bench.jobs.claims", "fill", FINISHED, DATABASE_URL=stores.url("many"))


def turns(bench, rounds, jobs):
    """Return {system's name: [figures of each round]}."""
    found = {system.name: [] for system in SYSTEMS}
    for number in range(rounds):
        for system in SYSTEMS:
            with bench.worker(system) as pid:
                words = ["turn", system.tasks, jobs, pid, *bench.stores.pids]
                figures = bench.figures("measure", *words, **system.environment)
            found[system.name].append(figures)
            words = ", ".join(f"{name} {value:.3g}" for name, value in figures.items())
            say(f"round {number + 1}: {system.name}: {words}")
    return found


def statements(bench, jobs):
    """Return {how they were enqueued: (Counter of statements, jobs)} of jobs with one report each."""
    kinds = {
        "nobody's, all at once": ("enqueue", jobs, 0),
        "nobody's, one by one": ("enqueue", 10, 5),
        "a person's, all at once": ("enqueue_shown", jobs, 0),
        "a person's, one by one": ("enqueue_shown", 5, 1),
    }
    log, url, found = bench.stores.log, bench.stores.url("logged"), {}
    for words, (how, number, rate) in kinds.items():
        say(f"statements: {words}")
        with bench.worker(SYSTEMS[0], DATABASE_URL=url):
            size = bench.figures("measure", "reports", how, number, rate, log, DATABASE_URL=url)
        found[words] = (counted(log, size), number)
    return found


def claims(bench, rounds, jobs):
    """Return {finished rows in the table: [figures of each round]}."""
    found = {0: [], FINISHED: []}
    for number in range(rounds):
        say(f"claims: round {number + 1}")
        for database, rows in (("none", 0), ("many", FINISHED)):
            words = ["claim", jobs, *bench.stores.pids]
            found[rows].append(bench.figures("claims", *words, DATABASE_URL=bench.stores.url(database)))
    return found


def say(words):
    print(f"bench: {words}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(f"bench: {error}")
