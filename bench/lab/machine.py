"""Say on what something was measured."""

import os
import platform
import subprocess
import time
from pathlib import Path

from .stores import binaries


def described(python, folder, *packages):
    """Return lines about this machine, its disk, and the programs; `packages` are of that Python."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = cpus[0].partition(":")[2].strip() if cpus else platform.machine()
    cores, release = len(os.sched_getaffinity(0)), ".".join(platform.release().split(".")[:2])
    return [
        f"{cores} cores ({model}), Linux {release}",
        f"an fsync of 8 kB: {fsync(folder) * 1000:.2f} ms (median)",
        f"{postgres()}Redis {redis()}, Python {versions(python, packages)}",
    ]


def fsync(folder, number=100):
    """Return the median seconds of writing 8 kB to a file so that it stays."""
    taken = []
    with open(Path(folder) / "fsync", "wb", buffering=0) as file:
        for _ in range(number):
            began = time.perf_counter()
            file.write(bytes(8192))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    return sorted(taken)[number // 2]


def postgres():
    """Return Postgres' version and a comma, or nothing where there is none."""
    return f"Postgres {said(binaries() / 'postgres', '--version').split()[2]}, " if binaries() else ""


def redis():
    return next(word[2:] for word in said("redis-server", "--version").split() if word.startswith("v="))


def versions(python, packages):
    """Return the version of that Python and of packages in it."""
    code = "import importlib.metadata as m, platform; print(platform.python_version(), *["
    code += f"f', {{name}} {{m.version(name)}}' for name in {packages}], sep='')"
    return said(python, "-c", code)


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def nginx():
    """Return nginx's version, which it says as an error."""
    command = ["nginx", "-v"]
    path = {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    done = subprocess.run(command, capture_output=True, text=True, env=path)  # noqa: S603
    return done.stderr.strip().rpartition("/")[2]
