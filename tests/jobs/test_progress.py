"""Progress is saved and shown at most 4 times a second, the last report always, on its person's pages."""

import time

import job_tasks
import pytest
from django.db import transaction

from partyline.jobs import pages
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shown(monkeypatch):
    shows = []
    monkeypatch.setattr(pages, "show", lambda key, name, html: shows.append((key, name, html)))
    return shows


def test_it_works(alice, shown, work):
    job_tasks.count.using(person=alice, label="Counting").enqueue(3)
    work()
    assert {(key, name) for key, name, _ in shown} == {(f"me:{alice.pk}", "jobs")}
    pictures = [html for _, _, html in shown]
    assert "Waiting for its turn" in pictures[0]
    assert any('max="3" value="1"' in html for html in pictures)
    assert "3 of 3" in pictures[-1] and "<progress" not in pictures[-1]
    assert all('id="jobs" hx-swap-oob="true"' in html for html in pictures)


def test_ten_thousand_reports_are_few_writes(alice, shown, work):
    job_tasks.count.using(person=alice).enqueue(10_000)
    began = time.monotonic()
    work()
    seconds = time.monotonic() - began
    assert len(shown) <= 4 * seconds + 5
    job = Job.objects.get()
    assert (job.done, job.total, job.text) == (10_000, 10_000, "10000 of 10000")


def test_a_report_that_came_too_soon_is_shown_with_the_next_heartbeat(alice, shown):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    job.report(1, 3)
    job.report(2, 3, "two")
    assert Job.objects.get().done == 1
    job.renew(30)
    assert Job.objects.get().done == 2
    assert "two" in shown[-1][2]


def test_a_report_inside_a_transaction_is_shown_after_commit(alice, shown):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    before = len(shown)
    with transaction.atomic():
        job.report(1, 3)
        assert len(shown) == before
    assert len(shown) == before + 1


def test_nobodys_job_is_shown_nowhere(shown, work):
    job_tasks.count.enqueue(3)
    work()
    assert not shown


def test_wild_reports_are_tamed(alice):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    job.report(-1, -1, "x\0" * 500)
    assert (job.done, job.total, len(job.text)) == (0, 0, 200)


def test_only_the_ten_newest_are_shown(alice, shown):
    for number in range(12):
        job_tasks.count.using(person=alice, label=f"Number {number}.").enqueue(1)
    assert "Number 11." in shown[-1][2] and "Number 2." in shown[-1][2]
    assert "Number 1." not in shown[-1][2]
