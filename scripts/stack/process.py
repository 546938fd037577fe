"""Tell processes apart for certain, and stop exactly those that were started here.

A pid alone is no name: it is used again. A pid with the time of birth is one.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

PROC = Path("/proc")
BOOT = PROC / "sys/kernel/random/boot_id"


def _fields(pid):
    """Return /proc/<pid>/stat after the name, which may hold anything: state, ppid, pgrp, session, …"""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def birth(pid):
    """Return text that names the life of this pid, or None where nothing lives there (a zombie does not)."""
    if BOOT.exists():
        fields = _fields(pid)
        return f"{BOOT.read_text().strip()[:8]}-{fields[19]}" if fields and fields[0] not in "ZX" else None
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True).stdout.split(maxsplit=1)
    return shown[1].strip() if shown and shown[0][0] != "Z" else None


def lives(pid, born):
    """Say whether the process that was recorded as (pid, birth) still runs."""
    return bool(born) and birth(pid) == born


def left_over(session, directory):
    """Return the pids of a session whose leader is gone.

    The kernel gives a pid to nobody else while a session of that number has members; that these are ours,
    and not those of a later session of the same number, their owner and working directory must say too.
    """
    found = []
    for entry in PROC.glob("[0-9]*"):
        fields = _fields(entry.name)
        if not fields or fields[3] != str(session) or fields[0] in "ZX" or entry.name == str(session):
            continue
        with contextlib.suppress(OSError):
            if entry.stat().st_uid == os.getuid() and os.readlink(entry / "cwd") == str(directory):
                found.append(int(entry.name))
    return found


def kill_left_over(session, directory):
    """End what a dead leader left behind: workers that hold its socket or its port."""
    if birth(session):
        return
    for pid in left_over(session, directory):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def stop_all(recorded, directory, seconds):
    """Stop the recorded [(pid, birth)]: asked at once, and killed with their children after `seconds`."""
    for pid, born in recorded:
        if lives(pid, born):
            os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not any(lives(*one) for one in recorded), seconds)
    for pid, born in recorded:
        if lives(pid, born):
            os.killpg(pid, signal.SIGKILL)
    wait_until(lambda: not any(lives(*one) for one in recorded), 5)
    for pid, _ in recorded:
        kill_left_over(pid, directory)


def wait_until(condition, seconds):
    """Return whether `condition()` came true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
