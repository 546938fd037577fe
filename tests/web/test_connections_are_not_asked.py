"""A request does not ask its database connection whether it lives, and yet never works on a dead one."""

import threading

import pytest
from django.db import connection, connections

from partyline.unavailable import _has_news, spare_questions
from tests.site import until
from tests.statements import watch

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has nobody to ask"),
]


def in_a_thread(function):
    """Call it where there is a connection of its own, as a thread of web has; return what it returns."""
    found = []

    def work():
        try:
            found.append(function())
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found[0]


def look_up():
    """Do what a request does: its connection is looked after first, and then used."""
    connection.health_check_done = False  # as Django has it when a request starts
    spare_questions()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() AS mine")
        return cursor.fetchone()[0]


def test_it_works(monkeypatch):
    sent = watch(monkeypatch)

    def requests():
        first = look_up()
        sent.clear()
        return first == look_up()

    assert in_a_thread(requests)
    assert sent == ["SELECT pg_backend_pid() AS mine"]


def test_one_that_its_server_has_closed_is_replaced():
    def requests():
        first, driver = look_up(), connection.connection
        in_a_thread(lambda: end(first))
        until(lambda: _has_news(driver), "the server closes the connection")
        return first != look_up()

    def end(pid):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])

    assert in_a_thread(requests)
