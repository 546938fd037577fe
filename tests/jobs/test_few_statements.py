"""What a job costs the database: 5 statements at most, shown or not, however many finished jobs there are."""

import contextlib
import threading

import job_tasks
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from job_tools import until

from partyline.jobs import drawing, pool
from partyline.jobs.models import Job
from partyline.jobs.worker import Consumer, Worker
from tests.statements import watch

pytestmark = pytest.mark.django_db(transaction=True)
COLUMNS = [field.column for field in Job._meta.concrete_fields if field.name != "id"]


@pytest.fixture
def statements(monkeypatch):
    """Return the list that grows by every statement that any thread sends."""
    return watch(monkeypatch, "PRAGMA")


@pytest.fixture
def running(db, monkeypatch):
    """Return a function that starts a worker on threads of this process, and stops it in the end."""
    monkeypatch.setattr(Consumer, "listen", lambda consumer: None)
    monkeypatch.setattr(pool, "IDLE", 0.1)  # so that no connection is left to the database of the tests
    with contextlib.ExitStack() as stack:

        def start(**options):
            worker = Worker(is_periodic=False, **options)
            monkeypatch.setattr("partyline.live.wake.send", lambda *message: worker.wake())
            thread = threading.Thread(target=lambda: worker.run() and connection.close(), daemon=True)
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(worker.stop)
            return worker

        yield start


def done(number):
    return until(lambda: Job.objects.filter(status="done").count() == number)


def of_jobs(statements):
    """Return those about jobs, without what this test asks itself."""
    return [sql for sql in statements if "jobs_job" in sql and "COUNT(" not in sql]


@pytest.mark.parametrize("is_somebodys", [False, True])
def test_a_single_job_with_one_report(alice, statements, running, is_somebodys):
    running(concurrency=2)
    until(lambda: any("UPDATE" in sql for sql in statements))  # it has looked, and found nothing
    statements.clear()
    job_tasks.count.using(person=alice if is_somebodys else None).enqueue(1)
    done(1)
    assert drawing.flush(10)
    jobs = of_jobs(statements)
    # INSERT, claim, another look as there is another thread, report, end.
    assert len(jobs) <= 5, jobs
    assert not [sql for sql in statements if sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT"))]


def test_a_hundred_jobs_that_are_shown(alice, statements, running):
    for _ in range(100):
        job_tasks.count.using(person=alice).enqueue(1)
    running(concurrency=2)
    done(100)
    assert drawing.flush(10)
    jobs = of_jobs(statements)
    assert len([sql for sql in jobs if not sql.startswith("SELECT")]) <= 4 * 100 + 5
    assert len(jobs) <= 5 * 100


@pytest.fixture
def many_finished():
    Job.objects.create(task="x", label="x", status="done", due=None)
    new_id, series = {
        "postgresql": ("gen_random_uuid()", "generate_series(1, 100000)"),
        "sqlite": (
            "lower(hex(randomblob(16)))",
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i FROM n)",
        ),
    }[connection.vendor]
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_job (id, {columns}) SELECT {new_id}, {columns} FROM jobs_job, {series} AS s"
        )
        cursor.execute("ANALYZE jobs_job")


def plan(sql):
    """Return the database's plan of a statement."""
    with connection.cursor() as cursor:
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_finished_jobs_do_not_slow_the_claim(many_finished):
    for _ in range(5):
        job_tasks.count.enqueue(1)
    with CaptureQueriesContext(connection) as caught:
        assert Job.objects.claim("w", 30)
    [claim] = of_jobs(query["sql"] for query in caught)
    found = plan(claim)
    assert "job_due" in found
    assert "Seq Scan" not in found and "TEMP B-TREE" not in found and "Sort" not in found
    assert ("SKIP LOCKED" in claim) == (connection.vendor == "postgresql")


def test_nor_what_is_old_among_them(many_finished):
    with CaptureQueriesContext(connection) as caught:
        list(Job.objects.filter(finished__lt="2020-01-01T00:00Z").order_by("finished")[:500])
    found = plan(caught.captured_queries[0]["sql"])
    assert "Seq Scan" not in found and ("job_finished" in found or "job_ended" in found)
