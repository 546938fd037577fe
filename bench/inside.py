"""What is asked inside the containers of a cluster, by `kubectl exec`."""

import contextlib
import json

from .shell import StackError

REDIS = 'REDISCLI_AUTH="$(cat /run/secrets/redis_password)" exec redis-cli "$@"'
QUERY = """
import json
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute({sql!r})
    print(json.dumps([[str(value) for value in row] for row in cursor.fetchall()]))
"""


class Inside:
    """The containers of one namespace."""

    def __init__(self, kubectl):
        self.kubectl = kubectl

    def _run(self, pod, container, *command):
        return self.kubectl.do("exec", pod, "-c", container, "--", *command, seconds=120)

    def redis(self, *command):
        """Return what Redis answers to a command, as text for people."""
        return self._run("redis-0", "redis", "sh", "-c", REDIS, "sh", *command)

    def rows(self, pod, sql):
        """Return the rows of a query, as texts; a pod of web asks it."""
        command = ["python", "manage.py", "shell", "--verbosity=0", "-c", QUERY.format(sql=sql)]
        shown = self._run(pod, "web", *command).strip().splitlines()
        try:
            return [tuple(row) for row in json.loads(shown[-1])]
        except (IndexError, ValueError):
            raise StackError(f"{pod}'s answer about the database is cut: {shown[-1:]}") from None

    def fill_memory(self, pod, container, size):
        """Take so many bytes of memory for a moment; where that is too much, nothing is left to answer."""
        with contextlib.suppress(StackError):
            # tail keeps a line until it ends, and zeros never end one.
            self._run(pod, container, "sh", "-c", f"head -c {size} /dev/zero | tail >/dev/null")
