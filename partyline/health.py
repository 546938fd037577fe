"""/healthz and /readyz of web and ws: does the process live, and may it be given work.

Not ready means starting, draining, or migrations missing. A database or Redis that is away is named
in the body and still answered with 200: else every replica would leave the balancer at once, and
nobody would be left to tell people "not sent, retrying".
"""

from django.db import Error, connection
from django.http import JsonResponse

draining = False  # set by the ws server's drain
_migrated = False  # migrations do not go away while a process lives


def report(path):
    """Return (status, body) for a probe's path; uses the database, so call it from synchronous code."""
    if path == "/healthz":
        return 200, {"status": "alive"}
    if draining:
        return 503, {"status": "draining"}
    body = {"database": _database(), "redis": _redis()}
    if not _migrated:
        return 503, {"status": "starting", **body}
    return 200, {"status": "ready", **body}


def takes_work():
    """Tell, without asking anybody, whether this process has been ready and does not go."""
    return _migrated and not draining


def unanswered():
    """Return the report of /readyz where its own questions got no answer in time."""
    status, word = (200, "ready") if _migrated else (503, "starting")
    return status, {"status": word, "database": "away: no answer"}


def _database():
    """Return "ok" or what is wrong; finds out once per process whether all migrations are applied."""
    global _migrated
    from django.db.migrations.executor import MigrationExecutor

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return "migrations are missing"
            _migrated = True
        return "ok"
    except Error as error:
        connection.close()
        return f"away: {type(error).__name__}"


def _redis():
    from partyline.live.store import Away, store

    try:
        store().ping()
        return "ok"
    except Away:
        return "away"


class HealthMiddleware:
    """Answer the probes of web before the Host check and everything else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info in ("/healthz", "/readyz"):
            status, body = report(request.path_info)
            return JsonResponse(body, status=status)
        return self.get_response(request)
