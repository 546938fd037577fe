"""The tasks as Celery's: acknowledged when they are done, their results kept."""

import os

import celery

import redis

from . import work

SOCKET = os.environ["CELERY_REDIS"]

app = celery.Celery(
    broker=f"redis+socket://{SOCKET}?virtual_host=1", backend=f"redis+socket://{SOCKET}?virtual_host=2"
)
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)
TASKS = {each.__name__: app.task(name=each.__name__)(each) for each in (work.noop, work.note, work.hold)}


def enqueue(name, *arguments):
    TASKS[name].delay(*arguments)


def done():
    """Return how many are done, as the store knows it."""
    results = redis.Redis(unix_socket_path=SOCKET, db=2)
    return sum(1 for _ in results.scan_iter("celery-task-meta-*", count=1000))
