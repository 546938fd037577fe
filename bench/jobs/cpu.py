"""CPU time of processes, as the kernel counts it."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def seconds(*pids):
    """Return what these processes and all of their children have used so far, dead or alive."""
    parents, used = {}, {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything.
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        pid = int(file.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = sum(map(int, fields[11:15])) * TICK  # utime, stime, and those of children waited for
    family = {*pids}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(pid, 0) for pid in family)
