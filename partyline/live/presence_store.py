"""Who is here, as it is stored: members with their time of expiry, and what was last decided and shown.

A member is `person/process`, or `person/process/idle`; a person is idle when all of their members are.
Every question is one script, atomic in Redis and by Redis's own clock: processes' clocks may differ.
`MemoryPresence` is the twin for one process without Redis.
"""

import math
import threading
import time
from typing import NamedTuple

PACE_SECONDS = 0.5  # between two decisions about one stream; a millisecond more for each person in it
GAP_SECONDS = 8  # nobody asked for so long: Redis was away, and people's time ran out without their fault
SETTLE_SECONDS = 5  # after that, or a flush: every process counts its people again before anything is decided
KEEP_SECONDS = 86400  # what was decided is kept after the last look
ABANDONED = 100  # streams at a time


class Decision(NamedTuple):
    """What a pruner learned of a stream; `people` is {id: is idle} where they must be shown, else None."""

    wait: float = 0  # seconds after which to look again; 0: nothing is left to do
    v: int = 0  # the version of what is to be shown
    joined: tuple = ()
    left: tuple = ()
    people: dict | None = None


def people_of(members):
    """Return {person's id: whether all of their members are idle}."""
    people = {}
    for member in members:
        person, _, rest = member.partition("/")
        people[int(person)] = rest.endswith("/idle") and people.get(int(person), True)
    return people


# `since` names the time from which on Redis forgot nothing. A process that knows another one was here
# before the loss: what it counted is gone, and so is what others counted.
SERVICE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function serve(known, gap, settle)
  local since, last, settled = unpack(redis.call('HMGET', 'presence', 'since', 'last', 'settled'))
  if not since or now - tonumber(last) > tonumber(gap) then since = string.format('%.6f', now) end
  if known ~= '' and known ~= since then settled = now + tonumber(settle) end
  settled = tonumber(settled or 0)
  redis.call('HSET', 'presence', 'since', since, 'last', string.format('%.6f', now),
    'settled', string.format('%.6f', settled))
  return since, settled
end
"""

# KEYS: members. ARGV: since, gap, settle; key, process, seconds; person, '0' | 'idle' | 'gone' …
# One who is gone has so many seconds to come back; one whom Redis has forgotten is not made again.
TOUCH = (
    SERVICE
    + """
local since = serve(ARGV[1], ARGV[2], ARGV[3])
local until_ = string.format('%.6f', now + tonumber(ARGV[6]))
for i = 7, #ARGV, 2 do
  local member, how = ARGV[i] .. '/' .. ARGV[5], ARGV[i + 1]
  if how == 'gone' then
    redis.call('ZADD', KEYS[1], 'XX', until_, member)
    redis.call('ZADD', KEYS[1], 'XX', until_, member .. '/idle')
  else
    local idle = how == 'idle'
    redis.call('ZADD', KEYS[1], until_, idle and member .. '/idle' or member)
    redis.call('ZREM', KEYS[1], idle and member or member .. '/idle')
  end
end
redis.call('EXPIRE', KEYS[1], 600)
redis.call('ZADD', 'presence:streams', until_, ARGV[4])
return since
"""
)

# ARGV: since, gap, settle; how many. The streams that nobody has renewed: their last people left unseen.
TICK = (
    SERVICE
    + """
local since = serve(ARGV[1], ARGV[2], ARGV[3])
return {since, redis.call('ZRANGEBYSCORE', 'presence:streams', '-inf', now, 'LIMIT', 0, ARGV[4])}
"""
)

# KEYS: members, decided, state. ARGV: since, gap, settle; key, pace in ms, seconds to keep.
# 1. Wait while counting is going on, or right after the last decision. 2. Drop whose time is over.
# 3. Compare with what was decided, and decide: exactly one pruner learns of a join or a leave.
# 4. Return all people where what is shown is older than what is decided.
PRUNE = (
    SERVICE
    + """
local since, settled = serve(ARGV[1], ARGV[2], ARGV[3])
if now < settled then return {since, tostring(settled - now)} end
local ms = math.floor(now * 1000)
local v = tonumber(redis.call('HGET', KEYS[2], 'v') or 0)
local pace = tonumber(ARGV[5]) + (tonumber(ARGV[5]) > 0 and redis.call('HLEN', KEYS[2]) or 0)
if ms >= v and ms < v + pace then return {since, tostring((v + pace - ms) / 1000)} end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local people = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local person = string.match(member, '^%d+')
  if people[person] ~= '0' then people[person] = string.sub(member, -5) == '/idle' and '1' or '0' end
end
local joined, left, decided = {}, {}, {}
local found = redis.call('HGETALL', KEYS[2])
for i = 1, #found, 2 do
  if found[i] ~= 'v' then decided[found[i]] = found[i + 1] end
end
local changed = v == 0
for person, idle in pairs(people) do
  if not decided[person] then table.insert(joined, person) end
  if decided[person] ~= idle then
    changed = true
    redis.call('HSET', KEYS[2], person, idle)
  end
end
for person in pairs(decided) do
  if not people[person] then
    changed = true
    table.insert(left, person)
    redis.call('HDEL', KEYS[2], person)
  end
end
if changed then
  v = math.max(ms, v + 1)
  redis.call('HSET', KEYS[2], 'v', string.format('%d', v))
end
redis.call('EXPIRE', KEYS[2], ARGV[6])
if next(people) == nil then redis.call('ZREM', 'presence:streams', ARGV[4]) end

local shown = redis.call('HGET', KEYS[3], 'presence')
local reply = {since, '0', v, joined, left}
if not shown or tonumber(string.match(shown, '^%d+')) < v then
  local all = {}
  for person, idle in pairs(people) do
    table.insert(all, person)
    table.insert(all, idle)
  end
  table.insert(reply, all)
end
return reply
"""
)

# KEYS: state. ARGV: name, v, the field's value, seconds to keep. 0: what is there is as new, or newer.
SET_STATE_AT = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and tonumber(string.match(old, '^%d+')) >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class RedisPresence:
    """Presence in Redis: a sorted set of members and a hash of what was decided, per stream."""

    def __init__(self):
        super().__init__()
        scripts = TOUCH, TICK, PRUNE, SET_STATE_AT
        self._touch, self._tick, self._prune, self._set_at = map(self.redis.register_script, scripts)

    def touch(self, touches, since=""):
        """Count members in [(key, process, seconds, {person: "0" | "idle" | "gone"})], in one pipeline.

        Returns since when the store has forgotten nothing; `since` is what it answered before.
        """
        head = [since, GAP_SECONDS, SETTLE_SECONDS]

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                for key, process, seconds, people in touches:
                    pairs = [part for pair in people.items() for part in pair]
                    self._touch([f"here:{key}"], [*head, key, process, seconds, *pairs], client=pipe)
                return pipe.execute()[-1]

        return self._ask(ask)

    def tick(self, since):
        """Return (since, streams that nobody has renewed); asked every few seconds, it shows gaps."""
        return self._ask(lambda: self._tick([], [since, GAP_SECONDS, SETTLE_SECONDS, ABANDONED]))

    def prune(self, keys, since=""):
        """Return (since, {key: Decision}) of the streams, in one pipeline."""
        head = [since, GAP_SECONDS, SETTLE_SECONDS]
        rest = [int(PACE_SECONDS * 1000), KEEP_SECONDS]

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                for key in keys:
                    names = [f"here:{key}", f"decided:{key}", f"state:{key}"]
                    self._prune(names, [*head, key, *rest], client=pipe)
                return pipe.execute()

        found = self._ask(ask)
        return found[-1][0], {key: _read(*reply[1:]) for key, reply in zip(keys, found, strict=True)}

    def set_state_at(self, key, name, v, html):
        """Keep a state of a version that is decided elsewhere; tell False where it is not newer."""
        value = f"{v}\n\n{html}"
        return bool(self._ask(lambda: self._set_at([f"state:{key}"], [name, v, value, KEEP_SECONDS])))

    def here_all(self, keys):
        """Return {key: the members whose time is not over} of several streams, in one round trip."""

        def ask():
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.time()
                for key in keys:
                    pipe.zrange(f"here:{key}", 0, -1, withscores=True)
                return pipe.execute()

        (seconds, micros), *found = self._ask(ask)
        now = seconds + micros / 1_000_000
        return {
            key: [m for m, until in members if until > now] for key, members in zip(keys, found, strict=True)
        }


def _read(wait, v=0, joined=(), left=(), people=None):
    if people is not None:
        people = {int(person): idle == "1" for person, idle in zip(people[::2], people[1::2], strict=True)}
    return Decision(float(wait), v, tuple(sorted(map(int, joined))), tuple(sorted(map(int, left))), people)


class MemoryPresence:
    """The same in this process's memory, which forgets nothing while anybody could notice."""

    def __init__(self):
        super().__init__()
        self._here, self._decided, self._presence_lock = {}, {}, threading.Lock()

    def touch(self, touches, since=""):
        with self._presence_lock:
            for key, process, seconds, people in touches:
                here, until = self._here.setdefault(key, {}), time.time() + seconds
                for person, how in people.items():
                    active, idle = f"{person}/{process}", f"{person}/{process}/idle"
                    if how == "gone":
                        here |= {member: until for member in (active, idle) if member in here}
                    else:
                        here[idle if how == "idle" else active] = until
                        here.pop(active if how == "idle" else idle, None)
        return "ever"

    def tick(self, since):
        now = time.time()
        with self._presence_lock:
            unseen = [key for key, here in self._here.items() if all(until < now for until in here.values())]
        return "ever", unseen

    def prune(self, keys, since=""):
        states = self.states_of(keys)
        with self._presence_lock:
            return "ever", {key: self._decide(key, states[key].get("presence")) for key in keys}

    def _decide(self, key, shown):
        now = time.time()
        v, decided = self._decided.get(key, (0, {}))
        pace = PACE_SECONDS + (len(decided) / 1000 if PACE_SECONDS else 0)
        if 0 <= now - v / 1000 < pace:
            return Decision(wait=v / 1000 + pace - now)
        here = {member: until for member, until in self._here.pop(key, {}).items() if until > now}
        people = people_of(here)
        if here:
            self._here[key] = here
        if people != decided or not v:
            v = max(math.floor(now * 1000), v + 1)
            self._decided[key] = v, people
        joined, left = (tuple(sorted(a.keys() - b.keys())) for a, b in ((people, decided), (decided, people)))
        return Decision(0, v, joined, left, people if shown is None or shown.v < v else None)

    def here_all(self, keys):
        now = time.time()
        with self._presence_lock:
            return {key: [m for m, until in self._here.get(key, {}).items() if until > now] for key in keys}
