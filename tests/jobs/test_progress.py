"""Progress is saved and shown at most 4 times a second, the last report always, on its person's pages."""

import os
import threading
import time

import job_tasks
import pytest
from django.db import OperationalError, transaction
from job_tools import until

from partyline.jobs import drawing, pages
from partyline.jobs.models import Job
from partyline.live.kinds import find
from partyline.live.state import current
from partyline.live.store import Away

pytestmark = pytest.mark.django_db(transaction=True)


class Shown(list):
    """What was shown, [(key, name, html)], after all that is marked has been drawn."""

    def all(self):
        assert drawing.flush(10)
        return list(self)


@pytest.fixture
def shown(monkeypatch):
    """Have somebody look, and return what they are shown."""
    monkeypatch.setattr(pages, "is_kept", lambda key: True)
    shows = Shown()
    monkeypatch.setattr(pages, "show", lambda key, name, html: shows.append((key, name, html)))
    return shows


def test_it_works(alice, shown, work):
    job_tasks.count.using(person=alice, label="Counting").enqueue(3)
    assert "Waiting for its turn" in shown.all()[-1][2]
    job = Job.objects.claim("w", 30)
    job.report(1, 3)
    assert 'max="3" value="1"' in shown.all()[-1][2]
    job.report(3, 3, "3 of 3")
    job.finish(None)
    assert {(key, name) for key, name, _ in shown.all()} == {(f"me:{alice.pk}", "jobs")}
    last = shown[-1][2]
    assert "3 of 3" in last and "<progress" not in last
    assert all('id="jobs" hx-swap-oob="true"' in html for _, _, html in shown)


def test_ten_thousand_reports_are_few_writes(alice, shown, work, monkeypatch):
    writes = []
    write = Job._write
    monkeypatch.setattr(Job, "_write", lambda job, *args, **kw: (writes.append(kw), write(job, *args, **kw)))
    job_tasks.count.using(person=alice).enqueue(10_000)
    began = time.monotonic()
    work()
    seconds = time.monotonic() - began
    assert len(writes) <= 4 * seconds + 2
    assert len(shown.all()) <= 4 * (time.monotonic() - began) + 3
    job = Job.objects.get()
    assert (job.done, job.total, job.text) == (10_000, 10_000, "10000 of 10000")


def test_a_hundred_jobs_of_one_person_are_few_pictures(alice, shown):
    began = time.monotonic()
    for number in range(100):
        job_tasks.count.using(person=alice, label=f"Number {number}.").enqueue(1)
    drawn = len(shown.all())
    assert drawn <= 4 * (time.monotonic() - began) + 3
    assert "Number 99." in shown[-1][2]


def test_people_do_not_wait_for_each_other(alice, bob, shown):
    for person in [alice, bob]:
        job_tasks.count.using(person=person).enqueue(1)
    until(lambda: {key for key, _, _ in shown} == {f"me:{alice.pk}", f"me:{bob.pk}"})


def test_a_report_that_came_too_soon_is_shown_with_the_next_heartbeat(alice, shown):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    job.report(1, 3)
    job.report(2, 3, "two")
    assert Job.objects.get().done == 1
    job.renew(30)
    assert Job.objects.get().done == 2
    assert "two" in shown.all()[-1][2]


def test_a_report_inside_a_transaction_is_shown_after_commit(alice, shown):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    before = len(shown.all())
    with transaction.atomic():
        job.report(1, 3)
        assert drawing._drawer.marked == {}
        assert len(shown) == before
    assert len(shown.all()) == before + 1


def test_a_report_that_could_not_be_saved_is_saved_with_the_next(monkeypatch):
    job_tasks.count.enqueue(3)
    job = Job.objects.claim("w", 30)
    with monkeypatch.context() as away:
        away.setattr("partyline.jobs.held.update_returning", _raise(OperationalError))
        with pytest.raises(OperationalError):
            job.report(1, 3, "one")
    job.log("a line")
    job.renew(30)
    found = Job.objects.get()
    assert (found.done, found.text, found.lines[0]["text"]) == (1, "one", "a line")


def test_what_changes_while_it_is_drawn_is_drawn_again(alice, shown, monkeypatch):
    """Of two processes that show at once, the one that looked first has not the last word."""
    pictures = iter(["old", "new", "new", "new"])
    monkeypatch.setattr(pages, "jobs_html", lambda person_id: next(pictures))
    drawing.mark(alice.pk)
    assert [html for _, _, html in shown.all()] == ["old", "new"]


def test_a_database_that_is_away_is_asked_again(alice, shown, monkeypatch):
    monkeypatch.setattr(drawing, "AGAIN", 0.1)
    monkeypatch.setattr(pages, "jobs_html", _raise(OperationalError))
    drawing.mark(alice.pk)
    until(lambda: drawing._drawer.next)
    monkeypatch.setattr(pages, "jobs_html", lambda person_id: "back")
    until(lambda: [html for _, _, html in shown] == ["back"])


def test_redis_away_harms_no_job(alice, work, monkeypatch):
    monkeypatch.setattr("partyline.live.state.store", _raise(Away))
    job_tasks.count.using(person=alice).enqueue(3)
    work()
    assert drawing.flush(10)
    assert Job.objects.get().is_done


def test_the_thread_ends_when_nothing_is_left_to_draw(alice, shown):
    job_tasks.count.using(person=alice).enqueue(1)
    shown.all()
    until(lambda: "drawing" not in [thread.name for thread in threading.enumerate()])
    job_tasks.count.using(person=alice, label="Another").enqueue(1)
    assert "Another" in shown.all()[-1][2]


def test_a_forked_child_draws_on_a_thread_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(pages, "draw", lambda person_id, job_ids: (tmp_path / str(person_id)).touch())
    drawing.mark(1)
    assert drawing.flush(10)
    child = os.fork()
    if child == 0:  # what would be inherited is a drawer without its thread
        drawing.mark(2)
        os._exit(0 if drawing.flush(10) else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert (tmp_path / "2").exists()


LAST = """
from partyline.jobs import drawing, pages
pages.draw = lambda person_id, job_ids: print("drawn", sorted(job_ids), flush=True)
drawing.mark(1, 0)
drawing.flush()
drawing.mark(1, 1)
drawing.mark(1, 2)
"""


def test_what_a_process_marks_last_is_drawn_before_it_ends(manage):
    process = manage("shell", "-c", LAST)
    assert process.wait(30) == 0
    lines = process.log.read_text().splitlines()
    assert [line for line in lines if "drawn" in line] == ["drawn [0]", "drawn [1, 2]"]


def test_nobodys_job_is_shown_nowhere(shown, work):
    job_tasks.count.enqueue(3)
    work()
    assert not shown.all()


def test_wild_reports_are_tamed(alice):
    job_tasks.count.using(person=alice).enqueue(3)
    job = Job.objects.claim("w", 30)
    job.report(-1, -1, "x\0\ud800" * 500)
    assert (job.done, job.total, len(job.text)) == (0, 0, 200)
    assert Job.objects.get().text == job.text


def test_only_the_ten_newest_are_shown(alice, shown):
    for number in range(12):
        job_tasks.count.using(person=alice, label=f"Number {number}.").enqueue(1)
    last = shown.all()[-1][2]
    assert "Number 11." in last and "Number 2." in last
    assert "Number 1." not in last


def test_the_newest_200_lines_are_kept(work):
    job_tasks.chatter.enqueue(1000)
    work()
    lines = Job.objects.get().lines
    assert [line["text"] for line in lines] == [f"line {number}" for number in range(800, 1000)]
    assert sorted(line["at"] for line in lines) == [line["at"] for line in lines]


def test_lines_of_all_attempts_are_kept():
    job_tasks.count.enqueue(1)
    for name in ["first", "second"]:
        job = Job.objects.claim(name, 30)
        job.log(f"{name} is at it")
        job.fail(ValueError())
        Job.objects.update(due=job.created)
    assert [line["text"] for line in Job.objects.get().lines] == ["first is at it", "second is at it"]


def _raise(error):
    def function(*args, **kwargs):
        raise error("away")

    return function


def test_where_nobody_has_looked_nothing_is_drawn(alice, monkeypatch):
    drawn = []
    monkeypatch.setattr(pages, "jobs_html", lambda person_id: drawn.append(person_id) or "")
    job_tasks.count.using(person=alice).enqueue(1)
    assert drawing.flush(10) and not drawn
    assert current(f"me:{alice.pk}")  # as for a page that comes
    drawn.clear()
    job_tasks.count.using(person=alice).enqueue(1)
    assert drawing.flush(10) and drawn


def test_what_changes_while_the_first_page_comes_is_on_it(alice, monkeypatch):
    """The job was drawn for nobody, just before its person's page was: that looks once more."""
    draw = pages.jobs_html
    kind, _ = find(f"me:{alice.pk}")

    def draw_and_be_late(person_id):
        html = draw(person_id)
        if not Job.objects.exists():
            job_tasks.count.using(person=alice, label="Just in time").enqueue(1)
            assert drawing.flush(10)
        return html

    monkeypatch.setitem(kind.states, "jobs", draw_and_be_late)
    [(_, _, frame)] = current(f"me:{alice.pk}")
    assert "Just in time" in frame
