"""What is done to the stack, one thing after the other, each seen to have happened and to be over."""

import json
import time
import urllib.request
from dataclasses import dataclass, field

from .stack import StackError, make, until

AWAY = 4.0  # seconds that Redis is paused
LONG_AWAY = 20.0
LONG_RUN = 240.0  # seconds of a drill that has time for it
HEALTHY_WITHIN = 120.0
MARK = "drill:mark"


@dataclass
class Happened:
    """One fault that was done, and when the stack was healthy again (monotonic seconds)."""

    name: str
    service: str
    began: float
    healthy: float = 0.0


@dataclass
class Fault:
    """A kind of fault: `hurt(stack, service, dice)` does it, and raises StackError where nothing happened."""

    name: str
    service: str
    hurt: object = field(repr=False)

    def do(self, stack, dice):
        """Do it, wait until the stack is healthy again, and return what Happened; raises StackError."""
        happened = Happened(self.name, self.service, time.monotonic())
        self.hurt(stack, self.service, dice)
        until(lambda: is_healthy(stack, self.service), f"healthy after: {self.name}", HEALTHY_WITHIN)
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
    return service not in ("ws", "worker") or stack.healthy(service)


def kill(stack, service, dice):
    """Kill one process with -9; it is started again."""
    _replaced(stack, service, dice, stack.kill)


def stop(stack, service, dice):
    """Stop one process as an operator does, and start it again."""
    _replaced(stack, service, dice, stack.stop)


def _replaced(stack, service, dice, act):
    before = stack.lives(service)
    victim = dice.choice(sorted(before))
    act(victim)

    def anew():
        now = stack.lives(service)
        return now.get(victim) not in (None, before[victim]) and len(now) == len(before)

    until(anew, f"{service} lives anew", HEALTHY_WITHIN)


def scale_up(stack, service, dice):
    _scale(stack, service, +1)


def scale_down(stack, service, dice):
    _scale(stack, service, -1)


def _scale(stack, service, step):
    wanted = len(stack.processes(service)) + step
    make("scale", f"WS={wanted}")
    until(lambda: len(stack.processes(service)) == wanted, f"{wanted} of {service}", HEALTHY_WITHIN)


def roll(stack, service, dice):
    """Replace every process, one after the other."""
    before = set(stack.lives(service).items())
    make("roll", f"S={service}")
    if kept := before & set(stack.lives(service).items()):
        raise StackError(f"the roll of {service} left {len(kept)} of {len(before)} as they were")


def away(stack, service, dice, seconds=AWAY):
    """Make a service unreachable without a word: its connections stay open, and nothing answers."""
    (process,) = stack.processes(service)
    stack.pause(process)
    try:
        if is_healthy(stack):
            raise StackError(f"{service} is paused and still answers")
        time.sleep(seconds)
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
    found += [Fault("scale ws up", "ws", scale_up), Fault("scale ws down", "ws", scale_down)]
    found += [Fault(f"roll {service}", service, roll) for service in ("ws", "nginx")]
    found += [Fault("FLUSHALL", "redis", flush)]
    found += [Fault(f"redis away {AWAY:g} s", "redis", away)]
    if seconds >= LONG_RUN:
        found += [Fault(f"redis away {LONG_AWAY:g} s", "redis", long_away)]
    found = [kind for kind in found if any(part in kind.name for part in chosen.split(","))]
    if not found:
        raise StackError(f"no fault is called {chosen}")
    return found


def in_order(kinds, dice):
    """Yield all kinds in a random order, then again in another; what takes long comes once."""
    while True:
        yield from dice.sample(kinds, len(kinds))
        kinds = [kind for kind in kinds if kind.hurt is not long_away] or kinds
