"""What every publisher does: take "room text" lines, publish each, and tell in the end how long it took."""

import json
import os
import sys
import time
from contextlib import nullcontext

MOST = 16  # lines that are published together


def serve(publish, together=None):
    """Call publish(room, text) for each line until there are no more; print the seconds of the calls.

    Lines that wait already are published within one `together()`, and each takes as long as all of them.
    """
    taken = []
    for lines in waiting(MOST if together else 1):
        began = time.perf_counter()
        with together() if together else nullcontext():
            for line in lines:
                room, _, text = line.partition(b" ")
                publish(int(room), text.decode())
        taken += [time.perf_counter() - began] * len(lines)
    print(json.dumps(taken))


def waiting(most):
    """Yield lists of so many lines at most, as they come."""
    rest = b""
    while chunk := os.read(sys.stdin.fileno(), 1 << 20):
        *lines, rest = (rest + chunk).split(b"\n")
        for at in range(0, len(lines), most):
            yield lines[at : at + most]
