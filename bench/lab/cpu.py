"""CPU time and memory of processes, as the kernel counts them."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def seconds(*pids):
    """Return what these processes and all of their children have used so far, dead or alive."""
    found = _stats()
    # utime, stime, and those of children waited for
    used = {pid: sum(map(int, fields[11:15])) * TICK for pid, fields in found.items()}
    return sum(used.get(pid, 0) for pid in _family(found, pids))


def memory(*pids):
    """Return the bytes of these processes and all of their children; what is shared counts in parts (PSS).

    Without files that are mapped: their part changes whenever another process maps them.
    """
    total = 0
    for pid in _family(_stats(), pids):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has just ended
        total += sum(
            int(line.split()[1]) * 1024 for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))
        )
    return total


def _stats():
    """Return {pid: fields of its stat from the state on} of all processes."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may hold anything.
            found[int(file.parent.name)] = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
    return found


def _family(found, pids):
    """Return the pids with those of all their children."""
    family = {*pids}
    while more := {pid for pid, fields in found.items() if int(fields[1]) in family} - family:
        family |= more
    return family


def reset_peak(*pids):
    """Have the kernel note the most memory from now on; return the bytes that are there now (RSS)."""
    for pid in _family(_stats(), pids):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _status("VmRSS", pids)


def peak(*pids):
    """Return the most bytes that were there since `reset_peak`."""
    return _status("VmHWM", pids)


def _status(name, pids):
    total = 0
    for pid in _family(_stats(), pids):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    return total
