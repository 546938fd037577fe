"""What is kept about the site as a whole: who has a page open somewhere, and samples of its numbers."""

import threading
import time
from collections import deque

PIECE = 1000  # people renewed by one script: Redis does nothing else meanwhile

# Time is Redis's own: the processes' clocks may differ.
RENEW_PEOPLE = """
local until_ = redis.call('TIME')[1] + ARGV[1]
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], until_, ARGV[i]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""
COUNT_PEOPLE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', redis.call('TIME')[1])
return redis.call('ZCARD', KEYS[1])
"""


class RedisSite:
    """A sorted set of people by when their time is over, and a list of samples, the newest first."""

    def __init__(self):
        super().__init__()
        self._renew_people, self._count_people = map(self.redis.register_script, (RENEW_PEOPLE, COUNT_PEOPLE))

    def renew_people(self, ids, seconds):
        """Count these people as here for so many seconds."""
        for i in range(0, len(ids), PIECE):
            self._ask(self._renew_people, ["people"], [seconds, *ids[i : i + PIECE]])

    def count_people(self):
        """Return how many people are here."""
        return self._ask(self._count_people, ["people"])

    def add_sample(self, text, most):
        """Keep a sample, and of all of them the newest `most`."""

        def add():
            with self.redis.pipeline() as pipe:
                pipe.lpush("samples", text).ltrim("samples", 0, most - 1).execute()

        self._ask(add)

    def samples(self):
        """Return the samples that are kept, the newest last."""
        return self._ask(self.redis.lrange, "samples", 0, -1)[::-1]


class MemorySite:
    """The same in this process's memory."""

    def __init__(self):
        super().__init__()
        self._people, self._samples, self._site_lock = {}, deque(), threading.Lock()

    def renew_people(self, ids, seconds):
        until = time.monotonic() + seconds
        with self._site_lock:
            self._people.update(dict.fromkeys(ids, until))

    def count_people(self):
        now = time.monotonic()
        with self._site_lock:
            self._people = {person: until for person, until in self._people.items() if until > now}
            return len(self._people)

    def add_sample(self, text, most):
        with self._site_lock:
            self._samples = deque([*self._samples, text], most)

    def samples(self):
        with self._site_lock:
            return list(self._samples)
