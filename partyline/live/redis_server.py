"""Redis, asked with little patience: after a failure it is left alone, so that nobody queues up behind it."""

import logging
import threading
import time

import redis
from partyline.metrics import UNANSWERED

log = logging.getLogger(__name__)

DOWN_SECONDS = 1  # so long a thread waits between its questions whether Redis is back


class Away(Exception):
    """Redis does not answer."""


class RedisServer:
    """A client of Redis for all threads of a process; `ask` raises Away, at once where that is known.

    Who asks first when Redis hangs waits for `seconds`; whether it is back, a thread of its own finds out.
    """

    def __init__(self, url, password, seconds):
        self.client = redis.Redis.from_url(
            url,
            password=password or None,
            decode_responses=True,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=None,
        )
        self._away, self._lock = False, threading.Lock()

    def ask(self, command, *args):
        """Return what `command(*args)` does; raises Away."""
        if self._away:
            raise Away("Redis did not answer a moment ago.")
        try:
            return command(*args)
        except (redis.RedisError, OSError) as error:  # full or read-only is as good as away
            self._leave_alone(error)
            raise Away(str(error)) from error

    def _leave_alone(self, error):
        UNANSWERED.labels("redis").inc()
        with self._lock:
            if self._away:
                return
            self._away = True
        log.warning("Redis is left alone for a while: %s", error)
        threading.Thread(target=self._wait, name="redis", daemon=True).start()

    def _wait(self):
        while self._away:
            time.sleep(DOWN_SECONDS)
            try:
                self._away = not self.client.ping()
            except (
                Exception
            ) as error:  # whatever it is: a thread that ends here would leave it alone for ever
                log.debug("Redis is not back: %s", error)
