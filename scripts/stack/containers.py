"""The verbs of `make` with containers, through Compose v2."""

import os
import subprocess
import sys

from common import (
    ROLLED,
    ROOT,
    SECRETS,
    Failed,
    address,
    greet,
    knob,
    make_secrets,
    need_free_ports,
    number,
    say,
)
from compose import ask, compose, environment, files, only_one, project, read_json
from roll import containers, inspect, resize, roll, stale, swap_door

VOLUMES = SECRETS / "db_volumes"  # the names of the database volumes that .secrets/db_password opens
LAST_LINES = 30
UP_SECONDS = 300
STARTING_ORDER = ("db", "redis", "migrate", "web", "ws", "worker", "nginx")


def build():
    """Build the images."""
    make_secrets()
    if compose("build").returncode:
        raise Failed("The images were not built; the reason stands above.")


def our_ports():
    """Return the ports that our own running nginx has published."""
    shown = compose("ps", "--format", "json", "nginx", capture_output=True, text=True)
    return {
        port.get("PublishedPort") for one in read_json(shown.stdout) for port in one.get("Publishers") or ()
    }


@only_one()
def up():
    """Build, start everything, wait until it is healthy; what serves already is replaced unnoticed."""
    count = number("WS", 1, most=99) if knob("WS") else None
    need_known_database()
    need_free_ports(our_ports())
    build()
    if any(inspect(one, "{{.State.Running}}") == "true" for one in containers("nginx")):
        upgrade(count)
    else:
        wait_for_health("--remove-orphans", *(["--scale", f"ws={count}"] if count else []))
    greet("containers")


def upgrade(count):
    """Replace what has changed while the site serves; `count` ws containers, or as many as there are."""
    # 1. The stores, which stay as they are where nothing about them changed, and the migrations. The old
    #    processes serve on over the new tables until they are replaced.
    wait_for_health("--remove-orphans", "db", "redis")
    migrate_anew()
    # 2. What serves, one after the other. web comes last: its pages want the new ws, and nginx's new files.
    for service in ROLLED:
        roll(service, stale(service))
        resize(service, (count if service == "ws" else None) or max(1, len(containers(service))))
    # 3. The door, where it changed: the one short cut.
    if stale("nginx"):
        swap_door()
    if old := [service for service in (*ROLLED, "nginx") if stale(service)]:
        raise Failed(
            f"Not everything runs what it should: {', '.join(old)}. Try `make roll`, or see `make ps`."
        )


def migrate_anew():
    """Run the migrations of the present image, to their end."""
    done = compose("up", "-d", "--force-recreate", "migrate", capture_output=True, text=True)
    one = containers("migrate")
    waited = subprocess.run(["docker", "wait", *one], capture_output=True, text=True) if one else done
    if done.returncode or waited.stdout.strip() != "0":
        fail()


@only_one()
def roll_services(services):
    """Replace the containers of these services, whatever they run, with fresh ones."""
    need_running()
    for service in services:
        if service == "nginx":
            swap_door()
        else:
            roll(service, containers(service))


def wait_for_health(*arguments):
    """Run `compose up`; fails naming the service where it fails, or where something dies again and again."""
    command = ["docker", "compose", *files(), "up", "-d", "--wait", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment()) as process:
        try:
            process.wait(UP_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
    if process.returncode:
        fail()


def need_known_database():
    """Fail where the database's volume is there and its password is not: a new password would not open it."""
    name = f"{project()}_db"
    if knob("DATABASE_URL"):
        return
    if not (SECRETS / "db_password").exists() and ask("docker", "volume", "inspect", name).returncode == 0:
        raise Failed(
            f"The database volume {name} is there, but its password (.secrets/db_password) is not.\n"
            f"Put that file back, or delete the data: docker volume rm {name}"
        )
    make_secrets()
    VOLUMES.write_text("".join(f"{one}\n" for one in sorted({name, *volumes()})))


def fail():
    """Raise Failed with the service that did not come up and its last log lines."""
    shown = read_json(compose("ps", "-a", "--format", "json", capture_output=True, text=True).stdout)

    def badness(one):
        state, health = one.get("State"), one.get("Health")
        if state in ("exited", "dead") and one.get("ExitCode"):
            return 4
        return {"restarting": 3, "created": 0}.get(state) or {"unhealthy": 2, "starting": 1}.get(health, 0)

    suspects = sorted(
        (one for one in shown if badness(one) and one["Service"] in STARTING_ORDER),
        key=lambda one: (-badness(one), STARTING_ORDER.index(one["Service"])),
    )
    if not suspects:
        raise Failed("Compose did not bring the stack up; the reason stands above.")
    worst = suspects[0]
    logs = compose(
        "logs", "--no-color", "--tail", str(LAST_LINES), worst["Service"], capture_output=True, text=True
    )
    raise Failed(
        f"{worst['Service']} did not come up ({worst.get('Status') or worst.get('State')}). Its last lines:\n"
        f"{logs.stdout.rstrip()}\n\nThe others run on: `make ps` shows them, `make down` stops them."
    )


def down():
    """Stop and remove the containers; the data stays."""
    if compose("down", "--remove-orphans").returncode:
        raise Failed("Compose did not stop the stack; the reason stands above.")
    say(f"Stopped. Rooms, messages and files are kept in the volume {project()}_db.")


def volumes():
    """Return the names of the database volumes that were made from this checkout."""
    return VOLUMES.read_text().split() if VOLUMES.exists() else []


def remove_data():
    """Remove the volumes that this checkout's password opens, and no others."""
    for name in volumes():
        if ask("docker", "volume", "inspect", name).returncode == 0:
            done = ask("docker", "volume", "rm", name)
            if done.returncode:
                raise Failed(f"The volume {name} was not removed: {done.stderr.strip()}")


def ps():
    """Show the services and how they are."""
    compose("ps", "-a")
    say(f"\n{address()}")


def logs(service, follow):
    """Print the log's end, of one service or of all."""
    run("logs", "--tail", "200", *(["--follow"] if follow else []), *([service] if service else []))


@only_one()
def scale(count):
    """Make it `count` ws containers; nginx finds them by itself within two seconds."""
    need_running()
    resize("ws", count)
    say(f"ws × {count}: nginx spreads new sockets over them.")


def need_running():
    """Return a container of web, or fail where the stack is not up."""
    found = compose("ps", "-q", "web", capture_output=True, text=True).stdout.split()
    if not found:
        raise Failed("The stack is not up: `make up` starts it.")
    return found[0]


def manage(*arguments):
    """Run `manage.py …` in the running web container."""
    container = need_running()
    terminal = ["-it"] if sys.stdin.isatty() else ["-i"]
    # By name only: the values are nobody's to read off the process list.
    given = [part for name in os.environ if name.startswith("DJANGO_SUPERUSER_") for part in ("-e", name)]
    command = ["docker", "exec", *terminal, *given, container, "python", "manage.py", *arguments]
    sys.exit(subprocess.run(command).returncode)


def run(*arguments):
    """Run a Compose command whose status is ours."""
    try:
        sys.exit(compose(*arguments).returncode)
    except KeyboardInterrupt:
        sys.exit(130)
