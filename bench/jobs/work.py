"""What the tasks of all systems do. What they tell, they tell in files, alike for all."""

import os
import time
from pathlib import Path


def noop():
    pass


def note(path, asked):
    """Add a line: the seconds since `asked`, the time at which somebody called enqueue."""
    seconds = time.time() - asked
    with open(path, "a") as file:
        file.write(f"{seconds}\n")


def hold(folder):
    """Keep one of the worker's threads busy until `go` exists."""
    (Path(folder) / os.urandom(8).hex()).touch()
    while not (Path(folder) / "go").exists():
        time.sleep(0.002)
