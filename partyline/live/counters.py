"""Counts what is limited: how fast something is done, and how many of something somebody holds.

`RedisCounters` counts for all processes, and by itself for this one alone while Redis is away: a limit
is never a reason for an error or for waiting. `Counters` is its twin in one process's memory.
"""

import threading
import time

from .redis_server import Away, RedisServer

BURST_SECONDS = 5  # so many seconds' worth may be done at once
HELD_SECONDS = 30  # what is held and not renewed is forgotten after this
PATIENCE = 0.2  # seconds that Redis may take to answer
ROUNDING = 1e-6
PURGE_AT = 10000  # keys in memory above which old ones are looked for


class Counters:
    """GCRA, the leaky bucket that needs one number per key: the moment at which it is empty again."""

    def __init__(self):
        self._empty_at, self._held, self._lock = {}, {}, threading.Lock()
        self._purge_at = PURGE_AT

    def take(self, rates):
        """Count one more of each key of {key: how many a second}; all, or none and the key that is full."""
        now, after = time.monotonic(), {}
        with self._lock:
            for key, rate in rates.items():
                after[key] = max(self._empty_at.get(key, 0), now) + 1 / rate
                if after[key] - now > reach(rate) + ROUNDING:
                    return key
            self._empty_at |= after
            self._purge(now)
        return None

    def take_each(self, asked):
        """Do for each {key: rate} what `take` does, in this order."""
        return [self.take(rates) for rates in asked]

    def _purge(self, now):
        if len(self._empty_at) > self._purge_at:
            self._empty_at = {key: at for key, at in self._empty_at.items() if at > now}
            self._purge_at = max(PURGE_AT, 2 * len(self._empty_at))

    def hold_each(self, pairs, most):
        """Hold one more for each (key, name), for HELD_SECONDS; tells False where `most` are held already."""
        now, answers = time.monotonic(), []
        with self._lock:
            for key, name in pairs:
                held = {n: until for n, until in self._held.get(key, {}).items() if until > now}
                answers.append(name in held or len(held) < most)
                if answers[-1]:
                    self._held[key] = held | {name: now + HELD_SECONDS}
        return answers

    def renew(self, pairs):
        """Hold all [(key, name)] for HELD_SECONDS more, however many they are."""
        until = time.monotonic() + HELD_SECONDS
        with self._lock:
            for key, name in pairs:
                self._held.setdefault(key, {})[name] = until
            now = until - HELD_SECONDS
            alive = {key: {n: at for n, at in held.items() if at > now} for key, held in self._held.items()}
            self._held = {key: held for key, held in alive.items() if held}

    def release(self, pairs):
        """Hold all [(key, name)] no longer."""
        with self._lock:
            for key, name in pairs:
                held = self._held.get(key, {})
                held.pop(name, None)
                if not held:
                    self._held.pop(key, None)


def reach(rate):
    """Return how far ahead of now a bucket may be filled, in seconds; one is always allowed."""
    return max(BURST_SECONDS, 1 / rate)


# Time is Redis's own, in milliseconds: the processes' clocks may differ. A moment that is further ahead
# than any can be tells that this clock was set back: the bucket is empty.
# ARGV: of each who asks, how many of KEYS are theirs, and two numbers for each of these.
TAKE = """
local t = redis.call('TIME')
local now, found, first, arg = t[1] * 1000 + t[2] / 1000, {}, 0, 1
while arg <= #ARGV do
  local count, after, full = tonumber(ARGV[arg]), {}, 0
  for i = 1, count do
    local each, reach = tonumber(ARGV[arg + 2 * i - 1]), tonumber(ARGV[arg + 2 * i])
    local empty = tonumber(redis.call('GET', KEYS[first + i]) or now)
    if empty > now + reach + 1 then empty = now end
    after[i] = math.max(empty, now) + each
    if full == 0 and after[i] - now > reach + 0.001 then full = i end
  end
  for i = 1, full == 0 and count or 0 do
    redis.call('SET', KEYS[first + i], string.format('%.3f', after[i]), 'PX', math.ceil(after[i] - now))
  end
  table.insert(found, full)
  first, arg = first + count, arg + 1 + 2 * count
end
return found
"""
# KEYS and the names in ARGV, behind most and seconds, belong together.
HOLD = """
local t, found = redis.call('TIME'), {}
for i, key in ipairs(KEYS) do
  local name = ARGV[i + 2]
  redis.call('ZREMRANGEBYSCORE', key, '-inf', t[1])
  if redis.call('ZCARD', key) < tonumber(ARGV[1]) or redis.call('ZSCORE', key, name) then
    redis.call('ZADD', key, t[1] + ARGV[2], name)
    redis.call('EXPIRE', key, ARGV[2])
    found[i] = 1
  else
    found[i] = 0
  end
end
return found
"""
RENEW = """
local until_ = redis.call('TIME')[1] + ARGV[1]
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, until_, ARGV[i + 1])
  redis.call('EXPIRE', key, ARGV[1])
end
"""
PIECE = 1000  # names renewed by one script: Redis does nothing else meanwhile


class RedisCounters:
    """A string per bucket, a sorted set per holder (name → time of expiry); one round trip per question."""

    def __init__(self, url, password):
        self._server, self._own = RedisServer(url, password, PATIENCE), Counters()
        scripts = map(self._server.client.register_script, (TAKE, HOLD, RENEW))
        self._take, self._hold, self._renew = scripts

    def take(self, rates):
        """See Counters.take."""
        return self.take_each([rates])[0]

    def take_each(self, asked):
        """See Counters.take_each."""
        keys, numbers = [key for rates in asked for key in rates], []
        for rates in asked:
            numbers.append(len(rates))
            numbers += [f"{n * 1000:.3f}" for rate in rates.values() for n in (1 / rate, reach(rate))]
        try:
            found = self._server.ask(self._take, keys, numbers)
        except Away:
            return self._own.take_each(asked)
        return [list(rates)[full - 1] if full else None for rates, full in zip(asked, found, strict=True)]

    def hold_each(self, pairs, most):
        """See Counters.hold_each."""
        keys, names = zip(*pairs, strict=True)
        try:
            return [bool(held) for held in self._server.ask(self._hold, keys, [most, HELD_SECONDS, *names])]
        except Away:
            return self._own.hold_each(pairs, most)

    def renew(self, pairs):
        """See Counters.renew."""
        try:
            for i in range(0, len(pairs), PIECE):
                keys, names = zip(*pairs[i : i + PIECE], strict=True)
                self._server.ask(self._renew, keys, [HELD_SECONDS, *names])
        except Away:
            self._own.renew(pairs)

    def release(self, pairs):
        """See Counters.release."""
        self._own.release(pairs)

        def forget():
            with self._server.client.pipeline(transaction=False) as pipe:
                for key, name in pairs:
                    pipe.zrem(key, name)
                pipe.execute()

        try:
            self._server.ask(forget)
        except Away:
            pass  # it is forgotten when its time is over
