"""The tasks as procrastinate's."""

import os

import procrastinate
import psycopg

from . import work

DATABASE = os.environ["PROCRASTINATE_DATABASE"]

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=DATABASE))
TASKS = {each.__name__: app.task(name=each.__name__)(each) for each in (work.noop, work.note, work.hold)}
NAMES = {"noop": [], "note": ["path", "asked"], "hold": ["folder"]}  # it takes keywords alone


def setup():
    app.open()


def enqueue(name, *arguments):
    TASKS[name].defer(**dict(zip(NAMES[name], arguments, strict=True)))


def done():
    """Return how many are done, as the store knows it."""
    with psycopg.connect(DATABASE) as connection:
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        return connection.execute(query).fetchone()[0]
