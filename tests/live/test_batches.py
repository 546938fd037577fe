"""Many small things are written together; each is told how that ended, and none stays behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import OperationalError, connections

from partyline.live import batches
from partyline.live.batches import Batches
from partyline.live.kinds import Refused
from tests.site import until

WAIT = 20  # seconds: a limit, not a measure


@pytest.fixture
def written():
    """Return the lists that were written."""
    return []


@pytest.fixture
def gated(written):
    """Return Batches whose writing waits for `gated.go`; `gated.begun` tells that one has begun."""
    begun, go = threading.Event(), threading.Event()

    def write(items):
        begun.set()
        assert go.wait(WAIT)
        written.append(items)
        return len(written)

    gated = Batches(write, pause=0.001)
    gated.begun, gated.go = begun, go
    yield gated
    go.set()


def test_it_works(gated, written):
    first = gated.put("a")
    assert gated.begun.wait(WAIT)
    rest = [gated.put(item) for item in "bcd"]
    assert not first.done()
    gated.go.set()
    assert first.result(WAIT) == 1 and [future.result(WAIT) for future in rest] == [2, 2, 2]
    assert written == [["a"], ["b", "c", "d"]]


def test_from_many_threads_each_is_written_once_and_in_its_threads_order(written):
    numbers = Batches(written.append, pause=0.001, most=20)

    def put(thread):
        return [numbers.put((thread, number)) for number in range(50)]

    with ThreadPoolExecutor(8) as threads:
        futures = [future for found in threads.map(put, range(8)) for future in found]
    assert not wait(futures, WAIT).not_done
    assert max(map(len, written)) <= 20
    items = [item for items in written for item in items]
    assert len(items) == 400
    for thread in range(8):
        assert [number for of, number in items if of == thread] == list(range(50))


def test_the_first_is_written_at_once_and_then_one_list_in_each_pause(written):
    paced, began, futures = Batches(written.append, pause=0.2), time.monotonic(), []
    paced.put("first").result(WAIT)
    while len(written) < 4:
        futures.append(paced.put("more"))
        time.sleep(0.001)
    assert not wait(futures, WAIT).not_done
    assert written[0] == ["first"] and sum(map(len, written)) == 1 + len(futures)
    assert len(written) <= 1 + (time.monotonic() - began) / 0.2


@pytest.mark.parametrize("processes, share", [(0, 1), (1, 1), (3, 1), (6, 2), (9, 3)])
def test_many_processes_write_no_more_than_three(monkeypatch, processes, share):
    monkeypatch.setattr(batches, "processes", lambda service: [service] * processes)
    assert Batches(print)._share() == share


def test_processes_that_cannot_be_counted_stop_nothing(monkeypatch, written):
    monkeypatch.setattr(batches, "processes", lambda service: 1 / 0)
    some = Batches(written.append, pause=0.001)
    for item in "ab":
        some.put(item).result(WAIT)
    assert written == [["a"], ["b"]]


@pytest.mark.parametrize("error", [ValueError("no"), OperationalError("away"), SystemExit(1)])
def test_what_cannot_be_written_fails_alone(written, error):
    begun, go = threading.Event(), threading.Event()

    def write(items):
        begun.set()
        go.wait(WAIT)
        if "bad" in items:
            raise error
        written.append(items)

    some = Batches(write, pause=0.001, most=2)
    before = some.put("before")
    assert begun.wait(WAIT)
    bad = [some.put(item) for item in ("bad", "beside")]
    after = some.put("after")
    go.set()
    assert before.result(WAIT) is None and after.result(WAIT) is None
    assert [future.exception(WAIT) for future in bad] == [error, error]
    assert written == [["before"], ["after"]]


def test_what_waits_is_bounded(gated):
    gated.most = 2
    first = gated.put(0)
    assert gated.begun.wait(WAIT)
    waiting = [gated.put(number) for number in range(2 * batches.MOST_WAITING)]
    refused = gated.put("too much").exception(WAIT)
    assert isinstance(refused, Refused) and refused.code == "unavailable"
    gated.go.set()
    assert not wait([first, *waiting], WAIT).not_done


def test_it_cannot_be_taken_back(gated, written):
    future = gated.put("a")
    assert not future.cancel()
    gated.go.set()
    future.result(WAIT)
    assert written == [["a"]]


def test_at_the_end_all_is_written_without_a_pause(written):
    slow = Batches(written.append, pause=1000)
    slow.put("first").result(WAIT)
    late = slow.put("late")
    assert slow.flush(WAIT) and late.done()
    assert written == [["first"], ["late"]] and slow.thread is None


def test_an_end_waits_so_long_and_no_longer(gated):
    gated.put("a")
    assert gated.begun.wait(WAIT)
    assert not gated.flush(0.05)


@pytest.mark.django_db(transaction=True)
def test_the_thread_ends_and_leaves_no_connection(monkeypatch, written):
    monkeypatch.setattr(batches, "LINGER", 0.05)
    used = []

    def write(items):
        connections["default"].ensure_connection()
        used.append(connections["default"])

    some = Batches(write, pause=0.001)
    some.put("a").result(WAIT)
    until(lambda: some.thread is None, "the thread has ended")
    assert used[0].connection is None
    some.put("b").result(WAIT)
    assert used[1] is not used[0], "a thread anew"


PROGRAM = """
import os, sys, threading
from partyline.live.batches import Batches

def write(items):
    with open(sys.argv[1], "a") as file:
        file.write("".join(f"{item}\\n" for item in items))
    return "written"

some = Batches(write, pause=float(sys.argv[2]))

def told(item, future):
    print(item, future.result(), flush=True)
"""


def program(tmp_path, code, pause):
    path = tmp_path / "items"
    command = [sys.executable, "-c", PROGRAM + code, str(path), str(pause)]
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "partyline.settings", "DEBUG": "true", "REDIS_URL": ""}
    return path, subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def test_a_process_that_ends_writes_what_waits(tmp_path):
    path, process = program(tmp_path, "for n in range(100): some.put(n)", pause=1000)
    assert process.wait(WAIT * 3) == 0
    assert path.read_text().split() == [str(n) for n in range(100)]
    process.stdout.close()


def test_a_killed_process_has_told_nothing_that_is_not_written(tmp_path):
    code = """
import functools, itertools
for n in itertools.count():
    some.put(n).add_done_callback(functools.partial(told, n))
    threading.Event().wait(0.001)
"""
    path, process = program(tmp_path, code, pause=0.01)
    told = [process.stdout.readline() for _ in range(200)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read().splitlines(keepends=True)
    process.stdout.close()
    process.wait(WAIT)
    whole = [line.split() for line in told if line.endswith("\n")]
    written = path.read_text().split()
    assert {item for item, word in whole} <= set(written) and len(set(written)) == len(written)


def test_a_forked_child_writes_its_own_and_not_its_parents(tmp_path):
    """The parent is in the middle of writing one thing, and another one waits."""
    code = """
begun, go, inner = threading.Event(), threading.Event(), some.write
def slow(items):
    begun.set(); go.wait(20); return inner(items)
some.write = slow
some.put("parent 1"); begun.wait(20); some.put("parent 2")
child = os.fork()
if not child:
    go.set()
    some.put("child").result(20)
    os._exit(0)
print(os.waitpid(child, 0)[1], open(sys.argv[1]).read().split(), flush=True)
go.set()
"""
    path, process = program(tmp_path, code, pause=0.01)
    said = process.stdout.read()
    process.stdout.close()
    assert process.wait(WAIT) == 0
    assert said == "0 ['child']\n"
    assert path.read_text() == "child\nparent 1\nparent 2\n"
