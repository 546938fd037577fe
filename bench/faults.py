"""What is done to the stack, one thing after the other, each seen to have happened and to be over."""

import json
import time
import urllib.request
from dataclasses import dataclass, field

from .shell import StackError, interrupted, until

AWAY = 4.0  # seconds that Redis is paused
LONG_AWAY = 20.0
LONG_RUN = 240.0  # seconds of a drill that has time for it
MARK = "drill:mark"


@dataclass
class Happened:
    """One fault that was done, and when the stack was healthy again (monotonic seconds)."""

    name: str
    service: str
    began: float
    healthy: float = 0.0
    unnoticed: bool = False


@dataclass
class Fault:
    """A kind of fault: `hurt(stack, service, dice)` does it, and raises StackError where nothing happened.

    While one that is `unnoticed` lasts, no page request may fail.
    """

    name: str
    service: str
    hurt: object = field(repr=False)
    unnoticed: bool = False

    def do(self, stack, dice):
        """Do it, wait until the stack is healthy again, and return what Happened; raises StackError."""
        happened = Happened(self.name, self.service, time.monotonic(), unnoticed=self.unnoticed)
        self.hurt(stack, self.service, dice)
        what = f"healthy after: {self.name}"
        until(lambda: is_healthy(stack, self.service), what, stack.patience, stack.glance)
        happened.healthy = time.monotonic()
        return happened


def is_healthy(stack, service=""):
    """Tell whether web answers with database and Redis, and every process of the service is well."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=stack.site.tls)
    )
    try:
        with opener.open(f"{stack.url}/readyz", timeout=5) as answer:
            body = json.load(answer)
    except (OSError, ValueError):
        return False
    if (body.get("status"), body.get("database"), body.get("redis")) != ("ready", "ok", "ok"):
        return False
    return service not in stack.probed or stack.healthy(service)


def kill(stack, service, dice):
    """Kill one process with -9; it is started again."""
    _replaced(stack, service, dice, stack.kill)


def stop(stack, service, dice):
    """Stop one process as an operator does, and start it again."""
    _replaced(stack, service, dice, stack.stop)


def _replaced(stack, service, dice, act):
    if not (before := stack.lives(service)):
        raise StackError(f"no process of {service} runs")
    victim = dice.choice(sorted(before))
    act(victim)

    def anew():
        """Under its own name or another's: a pod that is deleted does not come back as itself."""
        now = stack.lives(service)
        return now.get(victim) != before[victim] and len(now) == stack.wanted(service, len(before))

    until(anew, f"{service} lives anew", stack.patience, stack.glance)


def scale_up(stack, service, dice):
    stack.scale(len(stack.processes(service)) + 1)


def scale_down(stack, service, dice):
    stack.scale(len(stack.processes(service)) - 1)


def scale_in_steps(stack, service, dice):
    try:
        for count in stack.steps:
            stack.scale(count)
    finally:
        stack.put_back()


def roll(stack, service, dice):
    """Replace every process, one after the other."""
    _renewed(stack, service, stack.roll)


def undo(stack, service, dice):
    """Roll to another release, and back."""
    _renewed(stack, service, stack.undo)


def _renewed(stack, service, act):
    before = set(stack.lives(service).items())
    act(service)
    if kept := before & set(stack.lives(service).items()):
        raise StackError(f"the roll of {service} left {len(kept)} of {len(before)} as they were")


def drain(stack, service, dice):
    """Empty a node of a cluster, and give it back."""
    stack.drain(dice)


def away(stack, service, dice, seconds=AWAY):
    """Make a service unreachable without a word: its connections stay open, and nothing answers."""
    (process,) = stack.processes(service)
    stack.pause(process, seconds)
    try:
        if is_healthy(stack):
            raise StackError(f"{service} is paused and still answers")
        interrupted.wait(seconds)
    finally:
        stack.unpause(process)


def long_away(stack, service, dice):
    away(stack, service, dice, LONG_AWAY)


def flush(stack, service, dice):
    """Empty Redis."""
    stack.redis("SET", MARK, "1")
    stack.redis("FLUSHALL")
    if "1" in stack.redis("EXISTS", MARK):
        raise StackError("FLUSHALL left what was there")


def kinds(stack, seconds, chosen=""):
    """Return every Fault that this stack and a drill of this length allow; `chosen` are parts of names."""
    found = [Fault(f"kill -9 {service}", service, kill) for service in stack.services]
    found += [Fault(f"stop, start {service}", service, stop) for service in stack.services]
    found += [Fault(f"roll {service}", service, roll, service in stack.unnoticed) for service in stack.rolled]
    found += [Fault(f"undo {service}", service, undo, service in stack.unnoticed) for service in stack.undone]
    found += list(_scalings(stack))
    if stack.drains:
        found.append(Fault("drain a node", "", drain, unnoticed=True))
    if "redis" in stack.services:
        found += [Fault("FLUSHALL", "redis", flush), Fault(f"redis away {AWAY:g} s", "redis", away)]
        if seconds >= LONG_RUN:
            found += [Fault(f"redis away {LONG_AWAY:g} s", "redis", long_away)]
    found = [kind for kind in found if any(part in kind.name for part in chosen.split(","))]
    if not found:
        raise StackError(f"no fault is called {chosen}")
    return found


def _scalings(stack):
    if stack.steps:
        yield Fault(f"scale ws {', '.join(map(str, stack.steps))}", "ws", scale_in_steps)
    elif stack.steps is None:
        yield from (Fault("scale ws up", "ws", scale_up), Fault("scale ws down", "ws", scale_down))


def in_order(kinds, dice):
    """Yield all kinds in a random order, then again in another; what takes long comes once."""
    while True:
        yield from dice.sample(kinds, len(kinds))
        kinds = [kind for kind in kinds if kind.hurt is not long_away] or kinds
