"""What the database is sent, whichever thread sends it."""

from django.db import connection


def watch(monkeypatch, *ignored):
    """Return the list that grows by every statement, below Django's counting, but by those that begin so."""
    sent = []
    if connection.vendor == "postgresql":
        from psycopg import Cursor as Driver
    else:
        from django.db.backends.sqlite3.base import SQLiteCursorWrapper as Driver
    execute = Driver.execute

    def counted(cursor, query, *args, **kwargs):
        if not str(query).startswith(ignored):
            sent.append(str(query))
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(Driver, "execute", counted)
    return sent
