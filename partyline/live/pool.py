"""Run synchronous Django code for sockets: a few threads of our own, each with its own connection.

`database_sync_to_async` would put all of a process on one thread, where one slow query holds up every socket.
"""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

from partyline.metrics import UNANSWERED

RESTED = 5  # seconds without use after which a connection is asked whether it still lives

_local = threading.local()


@cache
def _threads(name, count=settings.WS_DATABASE_THREADS):
    return ThreadPoolExecutor(count, thread_name_prefix=name)


def _run(function, args):
    """Call the function; its connections are looked after as Django does it, but not for every call.

    Asking a connection whether it lives is a statement, as dear as a look-up: one that has just been used
    is believed to. Should it be dead, the caller learns it, and the connection is closed for the next.
    """
    if time.monotonic() - getattr(_local, "used", 0) > RESTED:
        _each_connection(lambda connection: connection.close_if_unusable_or_obsolete())
    try:
        return function(*args)
    except (InterfaceError, OperationalError):
        UNANSWERED.labels("database").inc()
        raise
    finally:
        _each_connection(lambda connection: connection.errors_occurred and connection.close())
        _local.used = time.monotonic()


def _each_connection(look_after):
    for connection in connections.all(initialized_only=True):
        look_after(connection)


async def run(function, *args):
    """Await `function(*args)` on one of the threads, for the request that the caller serves."""
    loop, run_for = asyncio.get_running_loop(), copy_context().run
    return await loop.run_in_executor(_threads("database"), run_for, _run, function, args)


async def run_store(function, *args):
    """Await a function that asks Redis, on threads of their own: when it hangs, messages must not wait."""
    return await asyncio.get_running_loop().run_in_executor(_threads("store"), _run, function, args)


async def run_probe(function, *args):
    """Await a probe's question, on one thread of its own: it must be answered when all others are busy."""
    return await asyncio.get_running_loop().run_in_executor(_threads("probe", 1), _run, function, args)
