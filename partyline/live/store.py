"""What is shared between processes but need not outlive Redis: shown state and who is here.

`RedisStore` is the real one; `MemoryStore` is its twin for one process without Redis. Both are
synchronous and thread-safe. RedisStore raises `Away` when Redis does not answer; callers go on.
"""

import os
import threading
import time
from functools import cache
from typing import NamedTuple

from django.conf import settings

from .counters import Counters, RedisCounters
from .presence_store import MemoryPresence, RedisPresence
from .redis_server import Away, RedisServer
from .site_store import MemorySite, RedisSite

STATE_TTL = 86400  # seconds that a shown state is kept after its last change
PATIENCE = 0.5  # seconds that Redis may take to answer
__all__ = ["Away", "MemoryStore", "RedisStore", "State", "store"]


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


# KEYS: the names, by when they are forgotten. ARGV: name, text, seconds.
ANNOUNCE = """
redis.call('ZADD', KEYS[1], redis.call('TIME')[1] + ARGV[3], ARGV[1])
redis.call('SET', 'process:' .. ARGV[1], ARGV[2], 'EX', ARGV[3])
"""
ANNOUNCED = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1])
local found = {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  table.insert(found, redis.call('GET', 'process:' .. name))
end
return found
"""


class RedisStore(RedisPresence, RedisSite):
    """State in a hash per stream, a text per process, a key per turn; the rest as its parents have it."""

    def __init__(self, url, password):
        server = RedisServer(url, password, PATIENCE)
        self.redis, self._ask = server.client, server.ask
        self.counters = RedisCounters(url, password)
        scripts = map(self.redis.register_script, (SET_STATE, ANNOUNCE, ANNOUNCED))
        self._set_state, self._announce, self._announced = scripts
        super().__init__()

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

    def turn(self, name, seconds):
        """Tell whether it is this process's turn: of all that ask, one in so many seconds.

        While Redis is away it is everybody's.
        """
        try:
            milliseconds = int(seconds * 1000)
            return bool(self._ask(lambda: self.redis.set(f"turn:{name}", "", nx=True, px=milliseconds)))
        except Away:
            return True

    def announce(self, name, text, seconds):
        """Keep a process's text for so many seconds."""
        self._ask(lambda: self._announce(["processes"], [name, text, seconds]))

    def announced(self):
        """Return the texts that are kept."""
        return [text for text in self._ask(lambda: self._announced(["processes"])) if text]

    def withdraw(self, name):
        """Keep a process's text no longer."""

        def forget():
            with self.redis.pipeline() as pipe:
                pipe.zrem("processes", name).delete(f"process:{name}").execute()

        self._ask(forget)


class MemoryStore(MemoryPresence, MemorySite):
    """The same in this process's memory."""

    def __init__(self):
        super().__init__()
        self._states, self._announced, self._turns, self._lock = {}, {}, {}, threading.Lock()
        self.counters = Counters()

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

    def set_state_at(self, key, name, v, html):
        with self._lock:
            states = self._states.setdefault(key, {})
            if newer := name not in states or states[name].v < v:
                states[name] = State(v, "", html)
            return newer

    def turn(self, name, seconds):
        now = time.monotonic()
        with self._lock:
            self._turns = {each: until for each, until in self._turns.items() if until > now}
            if free := name not in self._turns:
                self._turns[name] = now + seconds
            return free

    def announce(self, name, text, seconds):
        with self._lock:
            self._announced[name] = time.monotonic() + seconds, text

    def announced(self):
        now = time.monotonic()
        with self._lock:
            return [text for until, text in self._announced.values() if until > now]

    def withdraw(self, name):
        with self._lock:
            self._announced.pop(name, None)


@cache
def store():
    """Return this process's store."""
    if settings.REDIS_URL:
        return RedisStore(settings.REDIS_URL, settings.REDIS_PASSWORD)
    return MemoryStore()


# A fork has neither the thread that waits for a Redis that is away, nor locks that another thread held.
os.register_at_fork(after_in_child=store.cache_clear)
