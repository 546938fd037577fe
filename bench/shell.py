"""Programs that the drill starts, what goes wrong with them in words, and waiting."""

import os
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
interrupted = threading.Event()  # a fault runs in a thread of its own, which no Ctrl-C reaches


class StackError(Exception):
    """The stack did not do what it was told, in words."""


def run(*command, seconds=180):
    """Return what a command prints; raises StackError with its words."""
    command = [str(word) for word in command]
    # Not what a `make drill` around us was given: its WS is no order to `make scale`.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "WS")}
    options = {"capture_output": True, "text": True, "timeout": seconds, "cwd": ROOT, "env": env}
    try:
        done = subprocess.run(command, **options)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise StackError(f"{' '.join(command)}: not within {seconds:g} s") from None
    if done.returncode:
        raise StackError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout


def until(condition, what, seconds, pause=0.1):
    """Wait for a condition and return it; raises StackError after so many seconds, or when interrupted."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if interrupted.is_set():
            raise StackError(f"interrupted while waiting: {what}")
        if time.monotonic() > deadline:
            raise StackError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
    return found
