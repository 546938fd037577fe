"""A job's own page tells how it goes, live and in words; its tracebacks are for operators alone."""

import re
from datetime import timedelta

import job_tasks
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partyline.jobs import drawing, pages
from partyline.jobs.models import Job
from partyline.live.state import current
from partyline.live.store import store

pytestmark = pytest.mark.django_db(transaction=True)

TRACEBACK = 'Traceback (most recent call last):\n  File "secret.py", line 1\nValueError: no <way>'
ERROR = {"exception": "builtins.ValueError", "traceback": TRACEBACK}


@pytest.fixture
def operator(bob):
    bob.is_superuser = True
    bob.save()
    return bob


def address(job):
    return reverse("jobs:job", args=[job.pk])


def read(client, job):
    """Return the page's text without what changes from one page to the next, and its main part as words."""
    html = client.get(address(job)).content.decode()
    main = html.partition("<main")[2]
    return html, " ".join(re.sub("<[^>]*>", " ", main).split())


def make(person, status="running", **fields):
    waits = status in ("ready", "running")
    times = {"due": timezone.now()} if waits else {"due": None, "finished": timezone.now()}
    fields = {"task": "x.y", "label": "A job", "attempts": 1} | times | fields
    return Job.objects.create(person=person, status=status, **fields)


def lines(*texts):
    return [{"at": f"2026-01-01T12:00:{n:02}.500+00:00", "text": text} for n, text in enumerate(texts)]


def shown(key):
    """Return {state: HTML} as it is kept now."""
    return {name: state.html for name, state in store().states(key).items()}


def test_it_works(alice, as_):
    job = make(alice, done=30, total=120, text="30 of 120 steps", lines=lines("first", "second"))
    html, words = read(as_(alice), job)
    assert "Running A worker is at it. 25 % 30 of 120 steps" in words
    assert re.search('<progress max="100" value="25"', html)
    assert re.search(f'<time datetime="{job.created.year}', html)
    assert re.search(r'role="log".*<ol id="job-lines".*first.*second', html, re.DOTALL)
    assert f'data-stream="job:{job.pk}"' in html and f'formaction="{address(job)}cancel/"' in html
    assert f"errors:{job.pk}" not in html and "x.y" not in html


@pytest.mark.parametrize(
    "status, fields, said",
    [
        ("ready", {"attempts": 0}, "Ready Waiting for its turn."),
        ("ready", {"attempts": 0, "due": timedelta(hours=1)}, "Ready It does not begin before"),
        (
            "ready",
            {"attempts": 2, "errors": [ERROR], "due": timedelta(hours=1)},
            "It is tried again at",
        ),
        ("ready", {"attempts": 2, "errors": [ERROR]}, "Attempt 2 of 5 failed. It is tried again as soon"),
        ("running", {}, "Running A worker is at it."),
        ("running", {"attempts": 3, "errors": [ERROR]}, "Running It is tried again: attempt 3 of 5."),
        ("running", {"cancel_asked": True}, "Running It is told to stop."),
        ("running", {"done": 7, "text": "reading"}, "reading (7 so far)"),
        ("running", {"done": 1234}, "1,234 so far"),
        ("running", {"done": 1, "total": 3}, "33 % 1 of 3"),
        ("running", {"done": 9, "total": 3}, "100 % 9 of 3"),
        ("done", {"text": "All of it"}, "Done It has finished. All of it"),
        (
            "failed",
            {"attempts": 5, "errors": [ERROR]},
            "Failed It failed 5 times, and is not tried again",
        ),
        ("failed", {"errors": [ERROR]}, "Failed It failed, and is not tried again by itself."),
        ("cancelled", {}, "Cancelled It was cancelled before it began."),
        ("cancelled", {"started": timedelta()}, "Cancelled It was cancelled."),
    ],
)
def test_a_state_in_words(alice, as_, status, fields, said):
    now = timezone.now()
    fields = {n: now + value if isinstance(value, timedelta) else value for n, value in fields.items()}
    assert said in read(as_(alice), make(alice, status, **fields))[1]


def test_a_result_and_a_file(alice, as_):
    job = make(alice, "done", result={"rooms": ["<Küche>"]}, file="jobs/x/1/t.html")
    html, _ = read(as_(alice), job)
    assert "&quot;&lt;Küche&gt;&quot;" in html and f'href="{address(job)}file/"' in html
    Job.objects.update(result="x" * 100_000)
    assert len(as_(alice).get(address(job)).content) < 20_000


def test_a_traceback_is_for_operators_alone(alice, operator, as_):
    job = make(alice, "failed", errors=[ERROR, ERROR], args=[7], kwargs={"way": "no"}, worker="host:1")
    hers, _ = read(as_(alice), job)
    his, words = read(as_(operator), job)
    assert "Try again" in hers and "Try again" in his
    for secret in ("Traceback", "secret.py", "ValueError", "host:1", "x.y"):
        assert secret not in hers and secret in his
    assert his.count("&quot;secret.py&quot;, line 1") == 2
    assert "alice" in words and "x.y(7, way=&#x27;no&#x27;)" in his
    assert his.count("<summary>ValueError: no &lt;way&gt;</summary>") == 2


def test_what_all_readers_of_its_stream_get_holds_no_traceback(alice):
    job = make(alice, "failed", errors=[ERROR], lines=lines("a line"), worker="host:1")
    frames = {name: frame for name, _, frame in current(f"job:{job.pk}")}
    assert frames.keys() == {"job", "lines"} and "a line" in frames["lines"]
    assert not re.search("Traceback|secret|ValueError|host:1|x\\.y|csrf", "".join(frames.values()))
    [(name, _, frame)] = current(f"errors:{job.pk}")
    assert name == "errors" and "secret.py" in frame


def test_a_file_is_offered_to_its_person_alone(alice, operator, as_):
    job = make(alice, "done", file="jobs/x/1/t.html")
    assert "of-another" in read(as_(operator), job)[0]
    assert "of-another" not in read(as_(alice), job)[0]


def test_a_page_that_is_looked_at_is_kept_up_to_date(alice, work):
    job = Job.objects.get(pk=job_tasks.chatter.using(person=alice).enqueue(3).id)
    assert drawing.flush(10)
    current(f"job:{job.pk}")  # somebody looks
    assert ">Ready</span>" in shown(f"job:{job.pk}")["job"]
    work()
    assert drawing.flush(10)
    states = shown(f"job:{job.pk}")
    assert ">Done</span>" in states["job"] and "line 2" in states["lines"]


def test_one_that_nobody_looks_at_is_not_drawn(alice, work, monkeypatch):
    drawn = []
    monkeypatch.setattr(pages, "redraw", lambda *args: drawn.append(args))
    job_tasks.chatter.using(person=alice).enqueue(3)
    work()
    assert drawing.flush(10) and drawn == []


def test_a_page_that_is_opened_again_shows_nothing_of_yesterday(operator, as_):
    """Of nobody's job nobody is told when it changes: what was shown last is still kept."""
    job = make(None, errors=[])
    for key in (f"job:{job.pk}", f"errors:{job.pk}"):
        current(key)
    Job.objects.update(status="failed", due=None, errors=[ERROR])
    as_(operator).get(address(job))
    assert ">Failed</span>" in shown(f"job:{job.pk}")["job"]
    assert "secret.py" in shown(f"errors:{job.pk}")["errors"]


def test_a_job_that_was_deleted_while_it_was_looked_at(alice):
    job = make(alice, "done")
    Job.objects.all().delete()
    assert "it was deleted" in pages.job_html(str(job.pk)) and pages.lines_html(str(job.pk)) == ""


def test_a_line_is_added_once(alice):
    """The same line at the same moment is one line; each has an id that does not depend on the others."""
    job = make(alice, lines=[*lines("a", "b"), *lines("a")])
    first = pages.lines_of(job)
    assert [line["text"] for line in first] == ["a", "b"]
    job.lines = job.lines[1:2]
    assert pages.lines_of(job) == first[1:]


def test_its_queries_are_few(alice, as_, operator):
    for person, most in ((alice, 4), (operator, 5)):
        client, counts = as_(person), set()
        for number in (3, 30):
            job = make(alice, errors=[ERROR] * (number // 3), lines=lines(*"x" * number))
            client.get(address(job))  # makes the streams
            with CaptureQueriesContext(connection) as queries:
                client.get(address(job))
            counts.add(len(queries))
        assert len(counts) == 1 and counts.pop() <= most
