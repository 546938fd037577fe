"""Count statements in Postgres' own log, to which it writes all of one database."""

import re
from collections import Counter

LINE = re.compile(r"^LOG:  (?:statement|execute [^:]*): (\w+)(.*)")
LOOKS = "SKIP LOCKED"


def counted(log, size):
    """Return how many statements of each kind follow after so many bytes of the log.

    Those that begin and end transactions are of the kind BEGIN/COMMIT.
    """
    with open(log, "rb") as file:
        file.seek(size)
        return Counter(filter(None, map(kind, file.read().decode().splitlines())))


def kind(line):
    """Return what the statement that a line of the log begins does, or None."""
    match = LINE.match(line)
    if not match:
        return None
    verb, rest = match[1].upper(), match[2]
    if verb in ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"):
        return "BEGIN/COMMIT"
    if verb == "UPDATE":
        return "claim" if LOOKS in rest else "UPDATE"
    return verb
