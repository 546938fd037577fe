"""`make bench-jobs` measures what it says, knows when a job is lost, and leaves nothing behind."""

import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.jobs import measure, report, work
from bench.jobs.statements import counted
from bench.jobs.systems import SYSTEMS
from bench.lab import cpu, plot, stores
from bench.shell import ROOT, StackError

needs_servers = pytest.mark.skipif(
    stores.binaries() is None or not shutil.which("redis-server"), reason="Postgres or Redis is not installed"
)


@pytest.fixture
def scratch():
    """A folder for temporary files that Postgres' own user may enter, as it may not enter pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@needs_servers
def test_it_works(tmp_path, scratch):
    environment = os.environ | {"ROUNDS": "1", "JOBS": "10", "OUT": str(tmp_path), "TMPDIR": str(scratch)}
    command = [sys.executable, "-m", "bench.jobs"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "jobs.md").read_text().splitlines()
    for system in SYSTEMS:
        [row] = [line for line in lines if line.startswith(f"| {system.name} |")]
        assert row.count(" ms |") == 2
    assert any("Index Scan using job_due" in line for line in lines)
    picture = ElementTree.parse(tmp_path / "jobs.svg")
    assert len(picture.findall("{*}rect[@class='inner']")) == 3 * 3 + 2  # and what is explained
    assert list(scratch.iterdir()) == []
    assert str(scratch) not in programs()


def programs():
    """Return the command lines of all processes."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text("latin-1"))
        except OSError:
            pass  # it has just ended
    return "\n".join(found)


class Tasks:
    """A system on threads of this process, which may lose one kind of jobs."""

    def __init__(self, loses=None):
        self.loses, self.ran, self.todo = loses, [], queue.SimpleQueue()
        for _ in range(measure.THREADS):
            threading.Thread(target=self.work, daemon=True).start()

    def enqueue(self, name, *arguments):
        self.todo.put((name, arguments))

    def work(self):
        while True:
            name, arguments = self.todo.get()
            if name != self.loses:
                getattr(work, name)(*arguments)
                self.ran.append(name)

    def done(self):
        return len(self.ran)


def test_a_turn_has_all_figures(tmp_path):
    tasks = Tasks()
    found = measure.turn(tasks, tmp_path, 10, os.getpid())
    assert {"p50", "p99", "rate", "worker", "stores", "load"} == found.keys()
    assert 0 < found["p50"] <= found["p99"] and found["rate"] > 0
    assert Counter(tasks.ran) == {"note": measure.WARM_UP + 10 + 1, "hold": measure.THREADS, "noop": 10}


@pytest.mark.parametrize("lost", ["noop", "note", "hold"])
def test_a_lost_job_fails_the_run(tmp_path, monkeypatch, lost):
    monkeypatch.setattr(measure, "LIMIT", 1)
    monkeypatch.setattr(measure, "warm_up", lambda tasks, folder: None)
    with pytest.raises(StackError):
        measure.turn(Tasks(loses=lost), tmp_path, 10, os.getpid())


def test_cpu_time_of_children_counts_while_they_live_and_afterwards():
    burn = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    before = cpu.seconds(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    alive = cpu.seconds(os.getpid()) - before
    child.communicate(b"\n")
    assert alive >= 0.25
    assert cpu.seconds(os.getpid()) - before > alive - 0.05  # the kernel counts ticks of 0.01 s, and rounds


def test_statements_are_counted_by_what_they_do(tmp_path):
    log = tmp_path / "log"
    log.write_text('LOG:  statement: INSERT INTO "jobs_job" VALUES (0)\n')
    size = log.stat().st_size
    said = [
        'LOG:  statement: UPDATE "jobs_job" SET "token" = 1 WHERE id = (SELECT … FOR UPDATE SKIP LOCKED)',
        'LOG:  execute <unnamed>: UPDATE "jobs_job" SET "text" = $1',
        "DETAIL:  parameters: $1 = 'LOG:  statement: SELECT 1'",
        "LOG:  checkpoint starting: time",
        "LOG:  statement: BEGIN",
        "LOG:  statement: COMMIT",
    ]
    with open(log, "a") as file:
        file.writelines(f"{line}\n" for line in said)
    assert counted(log, size) == {"claim": 1, "UPDATE": 1, "BEGIN/COMMIT": 2}


def test_transactions_are_listed_apart():
    counter = Counter({"INSERT": 10, "claim": 20, "UPDATE": 20, "SET": 10, "BEGIN/COMMIT": 30})
    _, row = report.statements({"all at once": (counter, 10)})
    assert row == ("all at once", "1.00", "2.00", "2.00", "0.00", "1.00", "6.00", "3.00")


def test_figures_are_medians_of_the_rounds():
    rounds = [{"p50": n, "p99": 2 * n, "rate": 1000 * n, "worker": n, "stores": n} for n in (1, 2, 9)]
    _, row = report.systems({"Partyline": rounds})
    assert row == ("Partyline", "2,000 ms", "4,000 ms", "2,000", "4.00", "2.00", "2.00")


def test_the_longest_bar_is_as_wide_as_there_is_room():
    svg = plot.bars("<Jobs>", [("ms", "p50", "p99", [("ours & theirs", 1, 4), ("theirs", 1, 2)])])
    bars = ElementTree.fromstring(svg).findall("{*}rect[@class='outer'][@height='18']")
    assert [float(bar.get("width")) for bar in bars] == [plot.BAR, plot.BAR / 2]
