"""The verbs of `make` without containers: the same processes on this machine, under supervisor.py."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time

import packages
import parts
from common import ROLLED, ROOT, Failed, address, greet, knob, make_secrets, need_free_ports, number, say
from paths import Paths
from process import lives, stop_all, wait_until

LAST_LINES = 20
STOP_SECONDS = 150


def read_state(paths):
    """Return what the supervisor last wrote, or None."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return json.loads(paths.state.read_text())
    return None


def running(paths=None):
    """Return the state of a living supervisor, or None."""
    state = read_state(paths or Paths())
    return state if state and lives(*state["supervisor"]) else None


@contextlib.contextmanager
def only_one(paths):
    """Hold the lock that says: this checkout's native stack is ours. A supervisor holds it while it lives."""
    with paths.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("Another `make up` or `make down` is at work here; wait for it.") from None
        yield lock


def clear(paths):
    """Stop what a killed supervisor left running: exactly what it had recorded."""
    state = read_state(paths)
    if not state:
        return
    recorded = [(c["pid"], c["born"]) for c in state["children"].values() if c["pid"]]
    alive = sorted(name for name, c in state["children"].items() if c["pid"] and lives(c["pid"], c["born"]))
    if alive:
        say(f"Stopping what a killed supervisor left behind: {', '.join(alive)}")
    stop_all(recorded, ROOT, 15)
    paths.state.unlink()


def up():
    """Start everything in the background and wait until it is healthy."""
    paths = Paths()
    paths.make()
    state = running(paths)
    if state and state["phase"] == "up":
        upgrade(paths)
        return
    count = number("WS", 1, most=99)
    with only_one(paths) as lock:
        clear(paths)
        need_free_ports()
        packages.need({"nginx": "nginx", "redis-server": "redis-server"}, "Running natively")
        packages.need_venv()
        subprocess.run([ROOT / "scripts" / "setup"], check=True)
        make_secrets()
        launch(paths, lock, count)
    greet("native")


def upgrade(paths):
    """Replace what runs with what is here now, while the site serves; nginx only where its knobs changed."""
    subprocess.run([ROOT / "scripts" / "setup"], check=True)
    make_secrets()
    for part in parts.before(paths):
        if subprocess.run([*map(str, part.command)], cwd=ROOT, env=part.env).returncode:
            raise Failed(f"{part.name} failed; the reason stands above. What serves goes on serving.")
    roll_services(ROLLED)
    if count := knob("WS"):
        scale(number("WS", count, most=99))
    greet("native")


def launch(paths, lock, count):
    """Start the supervisor, which inherits the lock, and wait for what becomes of it."""
    command = [parts.PYTHON, ROOT / "scripts" / "stack" / "supervisor.py", str(count)]
    with paths.log.open("ab") as log:
        began = log.tell()
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, pass_fds=[lock.fileno()],
        )  # fmt: skip
    say(f"Starting redis, migrate, web, ws × {count}, worker, nginx; log in {paths.log.relative_to(ROOT)}")
    try:
        while not ((state := read_state(paths)) and state["phase"] == "up"):
            if process.poll() is not None:
                fail(paths, began, state)
            time.sleep(0.1)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise Failed("Interrupted: everything is stopped again.") from None


def fail(paths, began, state):
    """Raise Failed with the culprit's name and last log lines."""
    culprit = (state or {}).get("culprit", "")
    with paths.log.open(errors="replace") as log:
        log.seek(began if began <= paths.log.stat().st_size else 0)
        lines = [line for line in log if line.partition("|")[0].strip() == culprit or not culprit]
    paths.state.unlink(missing_ok=True)
    text = (state or {}).get("error") or "The supervisor ended"
    last = "\nIts last lines:\n" + "".join(lines[-LAST_LINES:]).rstrip() if lines else ""
    raise Failed(f"{text}. Everything is stopped again.{last}")


def down():
    """Stop everything, gracefully; nothing else on this machine is touched."""
    paths = Paths()
    state = read_state(paths)
    if not state:
        return False
    pid, born = state["supervisor"]
    if lives(pid, born):
        say("Stopping nginx and ws (their sockets are drained), then web and worker, then redis")
        os.kill(pid, signal.SIGTERM)
        if not wait_until(lambda: not lives(pid, born), STOP_SECONDS):
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not lives(pid, born), 5)
    with only_one(paths):
        clear(paths)
    say("Stopped. Rooms, messages and files are kept in var/.")
    return True


def ps():
    """Show the processes and how they are."""
    paths = Paths()
    state = need_running(paths)
    say(f"{'NAME':8} {'PID':>8} {'RESTARTS':>8}  HEALTH")
    for name, child in state["children"].items():
        health = "starting anew"
        if child["pid"]:
            health = "healthy" if parts.named(paths, name).probe() else "not healthy"
        say(f"{name:8} {child['pid'] or '-':>8} {child['restarts']:>8}  {health}")
    say(f"\n{address()}  ({state['phase']}; log in {paths.log.relative_to(ROOT)})")


def need_running(paths):
    """Return the state, or fail."""
    state = running(paths)
    if not state:
        raise Failed("Nothing runs natively here: `make up` starts it.")
    return state


def logs(service, follow):
    """Print the log's end, of one service or of all."""
    paths = Paths()
    if not paths.log.exists():
        raise Failed("There is no log yet: `make up` starts one.")
    command = ["tail", "-n", "200" if not service else "+1", *(["-F"] if follow else []), str(paths.log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as tail:
        try:
            for line in tail.stdout:
                name = line.partition("|")[0].strip()
                if not service or name == service or name.startswith(f"{service}-"):
                    print(line, end="", flush=True)
        except (KeyboardInterrupt, BrokenPipeError):
            tail.terminate()


def scale(count):
    """Make it `count` ws processes."""
    order(f"scale {count}")
    say(f"ws × {count}: nginx spreads new sockets over them, the fewest first.")


def roll_services(services):
    """Replace the processes of these services, one after the other, while a spare one serves."""
    for service in services:
        say(f"{service}: replacing what runs")
        try:
            order(f"roll {service}")
        except KeyboardInterrupt:
            raise Failed(
                f"Interrupted: the roll of {service} goes on to its end; `make ps` shows it."
            ) from None


def order(text):
    """Have the supervisor do something, and wait until it is done; fails in its words."""
    state = need_running(Paths())
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(state["control"])
        control.sendall(f"{text}\n".encode())
        with control.makefile() as reader:
            line = reader.readline()
    answer = (
        json.loads(line) if line else {"ok": False, "error": "The supervisor did not answer: see `make logs`"}
    )
    if not answer["ok"]:
        raise Failed(f"{answer['error']}. What serves goes on serving; `make logs` tells why.")


def manage(*arguments):
    """Become `manage.py …` in the running stack's environment."""
    subprocess.run([ROOT / "scripts" / "setup"], check=True)
    make_secrets()
    paths = Paths()
    paths.make()
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(parts.PYTHON, [str(parts.PYTHON), "manage.py", *arguments], parts.environment(paths))  # noqa: S606
