"""Measure our claim alone, and print what was found as JSON; it runs in the bench's virtual environment.

python -m bench.jobs.claims fill <finished rows>
python -m bench.jobs.claims claim <number> <stores' pids>
"""

import json
import sys
import time

import django

from bench.lab import cpu

COLUMNS = "task, label, args, kwargs, queue, priority, status, token, worker, attempts, max_attempts, "
COLUMNS += "done, total, text, errors, file, created"


def insert(number, id, status, due, finished):
    """Insert rows as the database makes them fastest."""
    from django.db import connection

    values = "'bench.jobs.partyline_tasks.noop', 'Noop', '[]', '{}', 'default', 0, %s, 0, '', 0, 5, "
    values += "0, 0, '', '[]', '', now()"
    sql = f"INSERT INTO jobs_job (id, due, finished, {COLUMNS}) SELECT {id}, {due}, {finished}, {values}"
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} FROM generate_series(1, %s)", [status, number])


def fill(number):
    """Have so many finished jobs."""
    insert(number, "gen_random_uuid()", "done", "NULL", "now()")


def claim(number, *stores):
    """Return wall-clock and CPU seconds (this process, the stores) of a claim, and Postgres' plan of one."""
    from django.db import connection

    from partyline.jobs.models import Job

    Job.objects.exclude(status="done").delete()
    insert(number + 1, "gen_random_uuid()", "ready", "clock_timestamp()", "NULL")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE jobs_job")  # so that every round begins alike
    plan = explained(Job.objects)
    before, began, own = cpu.seconds(*stores), time.perf_counter(), time.process_time()
    for _ in range(number):
        if Job.objects.claim("bench", 30) is None:
            raise SystemExit("There was a job, and it was not claimed.")
    wall, own = time.perf_counter() - began, time.process_time() - own
    used = cpu.seconds(*stores) - before
    return {"wall": wall / number, "client": own / number, "stores": used / number, "plan": plan}


def explained(jobs):
    """Return the plan of a claim, which is carried out, as text."""
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as caught, transaction.atomic():
        jobs.claim("bench", 30)
        transaction.set_rollback(True)
    [sql] = [query["sql"] for query in caught if "UPDATE" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


if __name__ == "__main__":
    django.setup()
    verb, *numbers = sys.argv[1:]
    print(json.dumps({"fill": fill, "claim": claim}[verb](*map(int, numbers))))
