"""Write what was measured: a page with tables, and its picture."""

from statistics import median

from bench.lab import plot
from bench.lab.tables import medians, milliseconds, table

from .measure import RATE, THREADS

PAGE = """# Jobs: ours beside procrastinate and Celery

`make bench-jobs` wrote this page: every system in turn, {rounds} rounds of that, medians of the rounds.

{machine}
- load average meanwhile, its own part included: {calm:.1f} to {busy:.1f}

![Jobs side by side](jobs.svg)

{systems}

One worker process each with {threads} threads, logging warnings alone; all in one virtual environment, on one
Postgres (as it comes: a commit is on the disk) and one Redis (append-only file, on the disk every second).
- **enqueue → start**: from the call of enqueue to the task's first line, at {rate} jobs a second.
  *Wake-ups lost*: our worker hears nothing from Redis, and only looks by itself, every 2 s.
- **jobs/s**: a backlog of {jobs} jobs that do nothing. In the end each store knew each of them as done.
- **CPU**: of the worker, and of Postgres and Redis together, while they did that. It is the figure to trust:
  the others depend on the disk, and on who else is at work on the machine.

What is kept is not the same:

{kept}

## Statements
Of ours, as Postgres logged them, per job with one progress report. Looks of an idle thread are among the
claims. Nobody looks at the person's pages here; where somebody does, each drawing is two SELECTs more.

{statements}

## The claim, and finished rows
{claims}

Per claim, of {jobs} waiting jobs, after a VACUUM. With {many} finished rows it takes {ratio:.2f} times the
CPU of none. Postgres' plan with them:

```
{plan}
```
"""
KEPT = [
    ("", "Partyline", "procrastinate", "Celery on Redis"),
    ("enqueued if and only if the caller commits", "yes", "with its Django connector", "no"),
    ("survives a power cut", "yes", "yes", "but for the last second"),
    (
        "its worker was killed",
        "another one goes on, within 30 s",
        "stays `doing` until code of yours retries stalled jobs",
        "another one begins it again, after an hour (`acks_late`, `visibility_timeout`)",
    ),
    ("what was returned", "kept for 30 days", "not kept", "kept for a day"),
    ("an error", "each attempt's traceback, in the row", "in the worker's log", "the last, for a day"),
    ("progress", "in the row, and live on pages", "none", "by `update_state`, in Redis"),
]


def page(found, rounds, jobs):
    """Return the page as Markdown."""
    none, many = sorted(found["claims"])
    loads = [turn["load"] for each in found["turns"].values() for turn in each]
    cpu = {rows: medians(each, "client")["client"] + medians(each, "stores")["stores"]
           for rows, each in found["claims"].items()}  # fmt: skip
    return PAGE.format(
        rounds=rounds,
        jobs=f"{jobs:,}",
        rate=RATE,
        threads=THREADS,
        machine="\n".join(f"- {line}" for line in found["machine"]),
        calm=min(loads),
        busy=max(loads),
        systems=table(*systems(found["turns"])),
        kept=table(*KEPT, align="---"),
        statements=table(*statements(found["statements"])),
        claims=table(*claims(found["claims"])),
        many=f"{many:,}",
        ratio=cpu[many] / cpu[none],
        plan=found["claims"][many][-1]["plan"],
    )


def systems(turns):
    """Return the rows of the first table."""
    yield (
        "",
        "enqueue → start, p50",
        "p99",
        "jobs/s",
        "CPU s per 1,000 jobs",
        "worker",
        "Postgres and Redis",
    )
    for name, each in turns.items():
        m = medians(each, "p50", "p99", "rate", "worker", "stores")
        both = median(turn["worker"] + turn["stores"] for turn in each)
        seconds = [f"{value:.2f}" for value in (both, m["worker"], m["stores"])]
        yield (name, milliseconds(m["p50"]), milliseconds(m["p99"]), f"{m['rate']:,.0f}", *seconds)


def statements(found):
    """Return the rows of the table of statements: {how: (Counter, jobs)}."""
    kinds = ["INSERT", "claim", "UPDATE", "SELECT"]
    yield ("", *kinds, "others", "all of these", "BEGIN/COMMIT")
    for how, (counter, number) in found.items():
        ends = counter["BEGIN/COMMIT"]
        others = counter.total() - ends - sum(counter[kind] for kind in kinds)
        counts = [*(counter[kind] for kind in kinds), others, counter.total() - ends, ends]
        yield (how, *(f"{count / number:.2f}" for count in counts))


def claims(found):
    """Return the rows of the table of claims: {finished rows: [figures]}."""
    yield ("finished rows", "time", "CPU", "of it Postgres")
    for rows, each in sorted(found.items()):
        m = medians(each, "wall", "client", "stores")
        yield (f"{rows:,}", *map(milliseconds, (m["wall"], m["client"] + m["stores"], m["stores"])))


def picture(turns):
    """Return the picture of the systems as SVG; whoever lost their wake-ups is in the table alone."""
    shown = {name: each for name, each in turns.items() if "," not in name}
    m = {name: medians(each, "p50", "p99", "rate", "worker", "stores") for name, each in shown.items()}
    return plot.bars(
        "Jobs side by side",
        [
            (
                "enqueue → start, ms",
                "p50",
                "p99",
                [(n, v["p50"] * 1000, v["p99"] * 1000) for n, v in m.items()],
            ),
            ("jobs a second, one worker", "", "", [(n, v["rate"], v["rate"]) for n, v in m.items()]),
            (
                "CPU seconds for 1,000 jobs",
                "worker",
                "with Postgres and Redis",
                [(n, v["worker"], v["worker"] + v["stores"]) for n, v in m.items()],
            ),
        ],
    )
