"""Measure a running worker, and print what was found as JSON; it runs in the bench's virtual environment.

python -m bench.jobs.measure turn <module of tasks> <jobs> <worker's pid> <stores' pids>
python -m bench.jobs.measure reports <function that enqueues> <jobs> <a second> <log of Postgres>
"""

import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from bench.lab import cpu
from bench.report import percentile
from bench.shell import until

RATE, STEADY = 20, 100  # jobs a second, and jobs, of the steady load
THREADS, WARM_UP = 2, 20
LIMIT = 300  # seconds, after which a job counts as lost


def turn(tasks, folder, jobs, worker, *stores):
    """Return the latencies (seconds) of a steady load, and what a backlog of so many no-ops takes.

    It raises where the store does not know every job as done in the end.
    """
    warm_up(tasks, folder)
    before = tasks.done()
    steady = min(jobs, STEADY)
    latencies = noted(tasks.enqueue, "note", folder / "steady", steady, RATE)
    seconds, used = backlog(tasks, folder, jobs, [worker], stores)
    expected = before + steady + THREADS + jobs + 1
    until(lambda: tasks.done() == expected, "every job is done, and once", LIMIT)
    return {
        "p50": percentile(latencies, 0.5),
        "p99": percentile(latencies, 0.99),
        "rate": jobs / seconds,
        "worker": used[0] * 1000 / jobs,
        "stores": used[1] * 1000 / jobs,
        "load": os.getloadavg()[0],
    }


def warm_up(tasks, folder):
    """Have everything imported and connected on both sides, and wait until it is done."""
    before = tasks.done()  # of an earlier turn on the same store
    noted(tasks.enqueue, "note", folder / "warm", WARM_UP)
    until(lambda: tasks.done() >= before + WARM_UP, "the worker is ready", LIMIT)


def noted(enqueue, name, file, number, rate=None):
    """Enqueue so many jobs that note themselves, and return what they noted when all have."""
    began = time.time()
    for n in range(number):
        if rate:
            time.sleep(max(0, began + n / rate - time.time()))
        enqueue(name, str(file), time.time())
    until(lambda: len(lines(file)) >= number, f"{number} jobs have run", LIMIT, pause=0.02)
    return [float(line) for line in lines(file)]


def backlog(tasks, folder, jobs, *groups):
    """Return the seconds that so many no-ops take, and the CPU seconds of each group of processes meanwhile.

    Both threads are kept busy while they are enqueued. The last job notes when it began.
    """
    gate, last = folder / "gate", folder / "last"
    gate.mkdir()
    for _ in range(THREADS):
        tasks.enqueue("hold", str(gate))
    until(lambda: len(list(gate.iterdir())) == THREADS, "both threads are busy", LIMIT)
    for _ in range(jobs):
        tasks.enqueue("noop")
    tasks.enqueue("note", str(last), 0)
    before = [cpu.seconds(*pids) for pids in groups]
    opened = time.time()
    (gate / "go").touch()
    until(lambda: lines(last), f"{jobs} jobs are done", LIMIT, pause=0.02)
    after = [cpu.seconds(*pids) for pids in groups]
    return float(lines(last)[0]) - opened, [b - a for a, b in zip(before, after, strict=True)]


def reports(tasks, folder, how, number, rate, log):
    """Return where in Postgres' log the statements of so many jobs with one report each begin."""
    warm_up(tasks, folder)
    enqueue = getattr(tasks, how)
    noted(enqueue, "report", folder / "first", 1)
    size = os.path.getsize(log)
    noted(enqueue, "report", folder / "reports", number, rate or None)
    return size


def lines(file):
    """Return the complete lines of a file that may not be there yet."""
    return file.read_text().split("\n")[:-1] if file.exists() else []


def load(module):
    """Return a module of tasks that is ready to enqueue."""
    if module == "partyline_tasks":
        import django

        django.setup()
    tasks = importlib.import_module(f"bench.jobs.{module}")
    if hasattr(tasks, "setup"):
        tasks.setup()
    return tasks


def main(what, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        if what == "turn":
            module, *numbers = arguments
            found = turn(load(module), Path(folder), *map(int, numbers))
        else:
            how, number, rate, log = arguments
            found = reports(load("partyline_tasks"), Path(folder), how, int(number), int(rate), log)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
