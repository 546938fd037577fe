"""What is shared between processes but need not outlive Redis: shown state and who is here.

`RedisStore` is the real one; `MemoryStore` is its twin for one process without Redis. Both are
synchronous and thread-safe. RedisStore raises `Away` when Redis does not answer; callers go on.
"""

import threading
import time
from functools import cache
from typing import NamedTuple

from django.conf import settings

import redis

STATE_TTL = 86400  # seconds that a shown state is kept after its last change
DOWN_SECONDS = 1  # after a failure Redis is left alone for so long, so that nobody queues up behind it


class Away(Exception):
    """Redis does not answer."""


class State(NamedTuple):
    """A named piece of state: its rising version, what it was drawn from, and its HTML."""

    v: int
    digest: str
    html: str


# v rises even over a flushed Redis: it is never below the clock in milliseconds.
SET_STATE = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
local v = tonumber(ARGV[2])
if old then v = math.max(v, tonumber(string.match(old, '^%d+')) + 1) end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d', v) .. '\\n' .. ARGV[3] .. '\\n' .. ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return v
"""


class RedisStore:
    """State in a hash per stream, presence in a sorted set per stream (member → time of expiry)."""

    def __init__(self, url, password):
        self.redis = redis.Redis.from_url(
            url,
            password=password or None,
            decode_responses=True,
            socket_timeout=2,
            socket_connect_timeout=1,
            retry=None,
        )
        self._set_state = self.redis.register_script(SET_STATE)
        self._down_until = 0

    def _ask(self, command, *args):
        if time.monotonic() < self._down_until:
            raise Away("Redis did not answer a moment ago.")
        try:
            return command(*args)
        except (redis.RedisError, OSError) as error:  # full or read-only is as good as away
            self._down_until = time.monotonic() + DOWN_SECONDS
            raise Away(str(error)) from error

    def ping(self):
        """Raise Away unless Redis answers."""
        self._ask(self.redis.ping)

    def set_state(self, key, name, digest, html):
        """Keep a state and return its version."""
        now = int(time.time() * 1000)
        return int(self._ask(lambda: self._set_state([f"state:{key}"], [name, now, digest, html, STATE_TTL])))

    def states(self, key):
        """Return {name: State} of a stream."""
        return self.states_of([key])[key]

    def states_of(self, keys):
        """Return {key: {name: State}} of several streams, in one round trip."""

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hgetall(f"state:{key}")
                return pipe.execute()

        return {key: self._read(found) for key, found in zip(keys, self._ask(ask), strict=True)}

    def _read(self, found):
        split = {name: value.split("\n", 2) for name, value in found.items()}
        return {name: State(int(v), digest, html) for name, (v, digest, html) in split.items()}

    def touch(self, key, members, until):
        """Count the members as here until the given time (seconds since 1970)."""

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.zadd(f"here:{key}", {member: until for member in members})
                pipe.expire(f"here:{key}", 600)
                pipe.execute()

        self._ask(ask)

    def here(self, key, now):
        """Drop the members whose time is over and return the rest."""

        def ask():
            with self.redis.pipeline(transaction=True) as pipe:
                pipe.zremrangebyscore(f"here:{key}", "-inf", now)
                pipe.zrange(f"here:{key}", 0, -1)
                return pipe.execute()[1]

        return self._ask(ask)

    def here_all(self, keys, now):
        """Return {key: the members whose time is not over} of several streams, in one round trip."""

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.zrangebyscore(f"here:{key}", f"({now}", "+inf")
                return dict(zip(keys, pipe.execute(), strict=True))

        return self._ask(ask)


class MemoryStore:
    """The same in this process's memory."""

    def __init__(self):
        self._states, self._here, self._lock = {}, {}, threading.Lock()

    def ping(self):
        """Memory is never away."""

    def set_state(self, key, name, digest, html):
        with self._lock:
            states = self._states.setdefault(key, {})
            v = max(int(time.time() * 1000), states[name].v + 1 if name in states else 0)
            states[name] = State(v, digest, html)
            return v

    def states(self, key):
        return self.states_of([key])[key]

    def states_of(self, keys):
        with self._lock:
            return {key: dict(self._states.get(key, {})) for key in keys}

    def touch(self, key, members, until):
        with self._lock:
            self._here.setdefault(key, {}).update({member: until for member in members})

    def here(self, key, now):
        with self._lock:
            here = {m: until for m, until in self._here.get(key, {}).items() if until > now}
            self._here[key] = here
            return sorted(here)

    def here_all(self, keys, now):
        return {key: self.here(key, now) for key in keys}


@cache
def store():
    """Return this process's store."""
    if settings.REDIS_URL:
        return RedisStore(settings.REDIS_URL, settings.REDIS_PASSWORD)
    return MemoryStore()
