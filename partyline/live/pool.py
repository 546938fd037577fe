"""Run synchronous Django code for sockets: a few threads of our own, each with its own connection.

`database_sync_to_async` would put all of a process on one thread, where one slow query holds up every socket.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings
from django.db import close_old_connections


@cache
def _threads(name, count=settings.WS_DATABASE_THREADS):
    return ThreadPoolExecutor(count, thread_name_prefix=name)


def _run(function, args):
    close_old_connections()
    try:
        return function(*args)
    finally:
        close_old_connections()


async def run(function, *args):
    """Await `function(*args)` on one of the threads."""
    return await asyncio.get_running_loop().run_in_executor(_threads("database"), _run, function, args)


async def run_store(function, *args):
    """Await a function that asks Redis, on threads of their own: when it hangs, messages must not wait."""
    return await asyncio.get_running_loop().run_in_executor(_threads("store"), _run, function, args)


async def run_probe(function, *args):
    """Await a probe's question, on one thread of its own: it must be answered when all others are busy."""
    return await asyncio.get_running_loop().run_in_executor(_threads("probe", 1), _run, function, args)
