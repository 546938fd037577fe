"""Replace a service's containers unnoticed: a fresh one serves beside the old ones before an old one goes."""

import signal
import subprocess
import time

from common import Failed, say
from compose import ask, compose, image, project, wanted_hash

START_SECONDS = 120  # for one container to become healthy
NGINX_LEARNS = 3  # seconds until nginx knows a fresh one: its resolver keeps an answer for two
BEHIND_NGINX = ("ws", "web")
DOOR_SECONDS = 2  # for nginx to stop: its sockets are cut after one
LAST_LINES = 30
LAST_COME = 0.5  # seconds for web to take in whom it has accepted before its door was shut
# uWSGI goes on listening while it stops, and drops who comes then. First it must refuse them, so that nginx
# takes them elsewhere: by SIGUSR1 (services/web/uwsgi.ini), at a moment when nobody waits to be accepted.
SHUT_DOOR = """
import os, time
def waiting():
    rows = [line.split() for line in open("/proc/net/tcp")][1:]
    return any(row[3] == "0A" and int(row[4].partition(":")[2], 16) for row in rows)  # 0A: listening
end = time.monotonic() + 10
while waiting() and time.monotonic() < end:
    time.sleep(0.001)
os.kill(1, 10)
"""


class Interrupts:
    """Ctrl-C while containers are replaced: the first one waits for a good moment, the second does not."""

    def __enter__(self):
        self.told = False
        self.before = signal.signal(signal.SIGINT, self.take)
        return self

    def take(self, *_):
        signal.signal(signal.SIGINT, self.before)
        self.told = True
        say("Interrupted: stopping as soon as nothing is half done (Ctrl-C again: at once).")

    def __exit__(self, *_):
        signal.signal(signal.SIGINT, self.before)


def containers(service):
    """Return the ids of a service's containers, the oldest first, whether they run or not."""
    labels = f"project={project()}", f"service={service}", "oneoff=False"
    filters = [part for label in labels for part in ("--filter", f"label=com.docker.compose.{label}")]
    return ask("docker", "ps", "-aq", "--no-trunc", *filters).stdout.split()[::-1]


def inspect(container, template):
    """Return one inspected value as text, empty where the container is gone."""
    return ask("docker", "inspect", "--format", template, container).stdout.strip()


def stale(service):
    """Return those that run another image or another configuration than compose.yaml and .env now want."""
    wanted = f"{image(service)} {wanted_hash(service)}"
    template = '{{.Image}} {{index .Config.Labels "com.docker.compose.config-hash"}}'
    return [one for one in containers(service) if inspect(one, template) != wanted]


def create(service, more):
    """Make so many more containers beside those that are there, without starting them; return their ids."""
    before = containers(service)
    scale = {one: len(containers(one)) for one in BEHIND_NGINX} if service == "nginx" else {}
    scale[service] = len(before) + more
    scales = [part for one, count in scale.items() for part in ("--scale", f"{one}={count}")]
    # Not by `up`: it would start the migrations too, and with --no-deps it gives containers another
    # configuration's hash, so that the next plain `up` replaces everything at once.
    done = compose(
        "create", "--no-recreate", *scales, service,
        capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    fresh = [one for one in containers(service) if one not in before]
    if done.returncode or len(fresh) != more:
        remove(fresh)
        raise Failed(f"Compose did not make another {service}:\n{done.stderr.strip()}")
    return fresh


def start(container):
    """Start a container that was made, or stopped."""
    done = subprocess.run(
        ["docker", "start", container], capture_output=True, text=True, start_new_session=True
    )
    if done.returncode:
        raise Failed(f"A container did not start: {done.stderr.strip()}")


def wait_until_healthy(service, container, interrupts):
    """Wait for a fresh container; raises Failed, with its last lines, where it dies or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    template = "{{.State.Status}} {{.RestartCount}} {{.State.Health.Status}}"
    while (state := inspect(container, template)) != "running 0 healthy":
        if interrupts.told:
            raise Failed("Interrupted.")
        status, restarts, health = (state.split() + ["gone", "0", ""])[:3]
        if status not in ("created", "running") or restarts != "0" or health == "unhealthy":
            raise Failed(f"The new {service} did not come up. {last_lines(container)}")
        if time.monotonic() > deadline:
            raise Failed(
                f"The new {service} was not healthy within {START_SECONDS} s. {last_lines(container)}"
            )
        time.sleep(0.2)


def last_lines(container):
    """Return the end of a container's log, in words for a message."""
    command = ["docker", "logs", "--tail", str(LAST_LINES), container]
    log = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return f"Its last lines:\n{log.rstrip()}\n"


def add(service, more, interrupts):
    """Bring so many more into service; where one of them fails, remove them all again and raise Failed."""
    fresh = create(service, more)
    try:
        for one in fresh:
            start(one)
        for one in fresh:
            wait_until_healthy(service, one, interrupts)
    except BaseException:
        remove(fresh)
        raise
    if service in BEHIND_NGINX:
        time.sleep(NGINX_LEARNS)


def retire(service, old):
    """Stop these side by side, each in its own graceful way and time, and remove them."""
    if old:
        if service == "web":
            for one in old:
                subprocess.run(["docker", "exec", one, "python", "-c", SHUT_DOOR], capture_output=True)
            time.sleep(LAST_COME)
        stop(old)
        remove(old)


def stop(running, *options):
    """Stop containers side by side; without options each has the grace period of its service."""
    subprocess.run(["docker", "stop", *options, *running], capture_output=True, start_new_session=True)


def remove(gone):
    """Remove containers at once."""
    if gone:
        command = ["docker", "rm", "--force", "--volumes", *gone]
        subprocess.run(command, capture_output=True, start_new_session=True)


def roll(service, old):
    """Replace the containers `old` one after the other; where that fails the rest of them go on serving."""
    with Interrupts() as interrupts:
        for number, one in enumerate(old):
            try:
                if interrupts.told:
                    raise Failed("Interrupted.")
                say(f"{service}: replacing {number + 1} of {len(old)}")
                add(service, 1, interrupts)
            except Failed as failed:
                left = f"{len(old) - number} of {len(old)} are still the old ones"
                raise Failed(f"{failed}\n{service}: {left}, and all that run go on serving.") from None
            retire(service, [one])


def resize(service, count):
    """Make it `count` containers; of too many the sick go first, then the oldest."""
    stopped = [one for one in containers(service) if inspect(one, "{{.State.Running}}") != "true"]
    remove(stopped)  # they serve nobody, and `make` was asked for so many that do
    there = containers(service)
    if len(there) < count:
        with Interrupts() as interrupts:
            add(service, count - len(there), interrupts)
    well = [one for one in there if inspect(one, "{{.State.Health.Status}}") == "healthy"]
    retire(service, sorted(there, key=lambda one: one in well)[: max(0, len(there) - count)])


def swap_door():
    """Replace nginx: the one short cut, because two cannot listen on one port; a failed one is undone."""
    with Interrupts() as interrupts:
        (fresh,) = create("nginx", 1)
        old = [one for one in containers("nginx") if one != fresh]
        say("nginx: replacing it, pages reconnect within seconds")
        try:
            stop(old, "--time", str(DOOR_SECONDS))
            start(fresh)
            wait_until_healthy("nginx", fresh, interrupts)
        except BaseException as error:
            remove([fresh])
            for one in old:
                start(one)
            if isinstance(error, Failed):
                raise Failed(f"{error}\nnginx: the old one serves again.") from None
            raise
        remove(old)
