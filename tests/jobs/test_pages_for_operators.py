"""Operators see the queue and everybody's jobs, by state, a page at a time, however many have ended."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partyline.jobs import operators
from partyline.jobs.models import Job, Schedule
from partyline.live import kinds

pytestmark = pytest.mark.django_db(transaction=True)

ALL = "/jobs/all/"
NOW = timezone.now()


@pytest.fixture
def client(bob, as_):
    """Bob's, who is an operator."""
    bob.is_staff = True
    bob.save()
    return as_(bob)


def make(label, status, person=None, ago=0, **fields):
    at = timezone.now() - timedelta(seconds=ago)
    times = {"due": at} if status in ("ready", "running") else {"due": None, "finished": at}
    fields = {"created": at} | times | fields
    return Job.objects.create(task="shop.tasks.count", label=label, person=person, status=status, **fields)


def error(message, kind="builtins.ValueError"):
    return {"exception": kind, "traceback": f'Traceback (most recent call last):\n  File "a.py"\n{message}\n'}


def labels(client, query=""):
    return re.findall(r'<a href="/jobs/[0-9a-f-]{36}/">([^<]*)</a>', client.get(ALL + query).content.decode())


def test_it_works(client, alice):
    make("waits", "ready", alice, ago=300)
    make("runs", "running", worker="host:1", attempts=2, started=timezone.now() - timedelta(minutes=61))
    make("died", "failed", alice, ago=7300, errors=[error("KeyError: 1"), error("ValueError: no\n  way")])
    make("is done", "done", alice)
    html = client.get(ALL).content.decode()
    numbers = re.findall("<dt>([^<]*)</dt><dd>([^<]*)</dd>", html)
    assert numbers == [
        ("ready", "1"),
        ("the oldest waits", "5 min"),
        ("running", "1"),
        ("the longest runs", "1 h"),
        ("worker at work", "1"),
    ]
    assert "Of all 2 jobs that have ended: 1 failed, 0 cancelled, 1 done." in html
    assert labels(client) == ["runs", "waits"]
    html = client.get(f"{ALL}?state=failed").content.decode()
    row = " ".join(re.sub("<[^>]*>", " ", html.partition("<tbody")[2]).split())
    assert "Failed died shop.tasks.count ValueError: no alice 0 of 5 2 h Try again" in row
    assert "Traceback" not in row


@pytest.mark.parametrize("state", ["ready", "running", "done", "failed", "cancelled"])
def test_by_state(client, state):
    for status in Job.Status:
        make(f"{status} one", status)
    assert labels(client, f"?state={state}") == [f"{state} one"]
    assert f"{state.capitalize()} jobs" in client.get(f"{ALL}?state={state}").content.decode()


@pytest.mark.parametrize("state", ["odd", "READY", "<script>", "%00", "ready,done", "x" * 5000])
def test_an_unknown_state_is_said_to_be_none(client, state):
    make("waits", "ready"), make("is done", "done")
    response = client.get(ALL, {"state": state})
    assert response.status_code == 200 and "There is no state" in response.content.decode()
    assert labels(client, f"?state={state.replace('%', '%25')}") == ["waits"]


@pytest.mark.parametrize("state", ["", "ready", "failed"])
def test_page_after_page_each_once(client, state, monkeypatch):
    monkeypatch.setattr(operators, "PAGE", 4)
    at = timezone.now()
    for number in range(10):  # several of one moment
        moment = at - timedelta(seconds=number // 3)
        times = {"created": moment, "due" if state != "failed" else "finished": moment}
        make(f"{number}", state or "running", **{"due": None} | times)
    seen, query, pages = [], f"?state={state}" if state else "", 0
    while query is not None:
        response = client.get(ALL + query)
        seen += [job.label for job in response.context["jobs"]]
        link = re.search(r'<a href="/jobs/all/([^"]*)" rel="next">Older', response.content.decode())
        query, pages = link and link[1].replace("&amp;", "&"), pages + 1
        if pages == 1:
            make("new", state or "running")  # what comes meanwhile moves nothing
    assert pages == 3 and len(seen) == 10
    moments = [int(label) // 3 for label in seen]
    assert set(seen) == {str(number) for number in range(10)} and moments == sorted(moments)


@pytest.mark.parametrize(
    "before",
    ["x", "_", "2026-01-01", "0001-01-01T00:00:00+23:59_" + "0" * 32, "2026-01-01T00:00:00+00:00_x", "\0"],
)
def test_a_damaged_cursor_is_none(client, before):
    make("waits", "ready")
    response = client.get(ALL, {"before": before})
    assert response.status_code == 200 and [job.label for job in response.context["jobs"]] == ["waits"]


def test_its_queries_are_few(client, alice, bob):
    counts = set()
    client.get(ALL)  # makes the stream
    for number in (3, 30):
        for each in range(number):
            person = [alice, bob, None][each % 3]
            make(f"{each}", "failed", person, errors=[error("ValueError: x")] * 3)
            make(f"{each}", "ready", person)
            Schedule.objects.create(name=f"x.{number}.{each}", every="5", due=NOW)
        for query in ("", "?state=failed"):
            with CaptureQueriesContext(connection) as queries:
                client.get(ALL + query)
            counts.add(len(queries))
    assert len(counts) == 1 and counts.pop() <= 8


def test_the_summary_looks_at_few_finished_jobs(client, monkeypatch):
    """It is drawn every two seconds."""
    monkeypatch.setattr(operators, "LATELY", 5)
    for number in range(20):
        make(f"{number}", "done", ago=20 - number)
    make("died", "failed")
    assert "Of the last 5 jobs that ended: 1 failed, 0 cancelled, 4 done." in client.get(ALL).content.decode()


def plan(sql):
    """Return how the database goes about a statement."""
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sql}".replace("%", "%%"))
        return "\n".join(str(row) for row in cursor.fetchall())


def test_finished_jobs_are_not_scanned(client):
    """Where there are many of them, every question is answered by an index that is not about them all."""
    fields = {"task": "x", "label": "x", "status": "done", "due": None, "lines": ["x" * 200]}
    rows = [Job(finished=NOW - timedelta(seconds=n), **fields) for n in range(20_000)]
    Job.objects.bulk_create(rows, batch_size=2000)
    make("waits", "ready")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE jobs_job")
    for query in ("", "?state=ready", "?state=done", "?state=failed", "?state=cancelled"):
        with CaptureQueriesContext(connection) as asked:
            client.get(ALL + query)
        statements = [q["sql"] for q in asked if q["sql"].startswith("SELECT") and '"jobs_job"' in q["sql"]]
        assert len(statements) == 4
        for sql in statements:
            found = plan(sql)
            assert not re.search(r"Seq Scan on jobs_job|SCAN jobs_job(?! USING)", found), f"{sql}\n{found}"
            assert re.search("job_due|job_finished|job_ended", found), f"{sql}\n{found}"


def test_what_comes_by_the_clock(client):
    Schedule.objects.create(name="shop.tasks.tidy", every="7 * * * *", due=NOW)
    html = client.get(ALL).content.decode()
    assert "shop.tasks.tidy" in html and "7 * * * *" in html and f'datetime="{NOW.isoformat()}"' in html


def test_the_summary_is_live():
    kind, id = kinds.find("jobs:all")
    assert "No job has ended yet." in kind.clock["summary"](id)


NONE, TIMED_OUT = "shop.models.Item.DoesNotExist", "partyline.jobs.interruptions.TimedOut"
KILLED = {"exception": "partyline.jobs.claims.WorkerStopped", "traceback": "host:1 stopped in mid-job."}


@pytest.mark.parametrize(
    "kept, said",
    [
        (error("ValueError: no\n  way"), "ValueError: no"),
        (error("ValueError"), "ValueError"),
        (error(f"{NONE}: none", NONE), "DoesNotExist: none"),
        (error(f"{TIMED_OUT}: Too long.\nIts thread was here:\n  File x", TIMED_OUT), "TimedOut: Too long."),
        (KILLED, "WorkerStopped: host:1 stopped in mid-job."),
        ({"exception": "builtins.KeyError", "traceback": ""}, "KeyError"),
    ],
)
def test_an_error_in_one_line(kept, said):
    assert operators.headline(kept) == said


SPANS = {0: "0 s", 59.9: "59 s", 60: "1 min", 3600: "1 h", 200_000: "2 d"}


@pytest.mark.parametrize("seconds", SPANS)
def test_a_time_span_in_words(seconds):
    assert operators.in_words(seconds) == SPANS[seconds]
