"""Install what programs are missing, from Debian's or Ubuntu's own packages, leaving no service behind."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

from common import Failed, say


def found(program):
    """Say whether a program is there; those of root and of Postgres are often not in PATH."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    return bool(shutil.which(program, path=path) or glob.glob(f"/usr/lib/postgresql/*/bin/{program}"))


def can_install():
    """Say whether this is root on a machine with apt."""
    return os.getuid() == 0 and bool(shutil.which("apt-get"))


def need(packages, why):
    """Install the packages of the missing programs ({program: package}), or fail with the command to type."""
    missing = {program: package for program, package in packages.items() if not found(program)}
    if not missing:
        return
    names = " ".join(sorted(set(missing.values())))
    if not can_install():
        raise Failed(
            f"{why} needs {', '.join(missing)}, not found here. Install and try again:\n"
            f"    sudo apt-get install {names}\n(or what your system calls them)"
        )
    say(f"Installing what is missing: apt-get install {names}")
    install(names.split())


def need_venv():
    """Make sure that virtual environments can be made: Debian's python3 alone cannot."""
    if (
        subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True).returncode
        and can_install()
    ):
        say("Installing what is missing: apt-get install python3-venv")
        install(["python3-venv"])


def install(names):
    """Install packages; a service that their installation starts is stopped, one that ran before goes on."""
    before = running()
    # RUNLEVEL=1 keeps sysvinit's invoke-rc.d from starting services; under systemd we look afterwards.
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *names]):
        done = subprocess.run(["apt-get", *command], env=env, capture_output=True, text=True)
        if done.returncode:
            raise Failed(
                f"apt-get {' '.join(command)} failed:\n{(done.stdout + done.stderr).strip()[-2000:]}"
            )
    for service, program in (
        ("nginx", "nginx"),
        ("redis-server", "redis-server"),
        ("postgresql", "postgres"),
    ):
        if program in running() - before:
            systemd = Path("/run/systemd/system").is_dir()
            stop = ["systemctl", "disable", "--now", service] if systemd else ["service", service, "stop"]
            subprocess.run(stop, capture_output=True, check=True)
            say(f"Stopped the {service} that came with the package: the stack starts its own.")


def running():
    """Return the names of all running programs."""
    names = set()
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            names.add(comm.read_text().strip())
        except OSError:
            continue  # it just ended
    return names
