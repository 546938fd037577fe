"""What every publisher does: take "room text" lines, publish each, and tell in the end how long it took."""

import json
import sys
import time


def serve(publish):
    """Call publish(room, text) for each line until there are no more; print the seconds of the calls."""
    taken = []
    for line in iter(sys.stdin.buffer.readline, b""):
        room, _, text = line[:-1].partition(b" ")
        began = time.perf_counter()
        publish(int(room), text.decode())
        taken.append(time.perf_counter() - began)
    print(json.dumps(taken))
