"""Collecting adds what is new in an event's feeds: each entry once, and bad feeds are named."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from partyline.commentary import feeds, tasks
from partyline.commentary.models import Event, Note
from partyline.commentary.tasks import collect_feeds
from partyline.jobs.interruptions import Cancelled
from partyline.jobs.models import Job
from partyline.jobs.running import run
from partyline.live.log import position, read

from .conftest import answer


@pytest.fixture
def collect(event, alice, work):
    """Return a function that collects these feeds by a job, and returns the finished job."""

    def collect(*urls, person=alice):
        Event.objects.filter(pk=event.pk).update(feeds="\n".join(urls))
        collect_feeds.using(person=person).enqueue(event.pk, person.pk)
        return work()

    return collect


def texts():
    return list(Note.objects.order_by("pk").values_list("text", flat=True))


def said(job):
    return {line["text"] for line in job.lines}


def test_it_works(web, collect, event, alice):
    one = web.feed(
        "/one", ("urn:1", "Kick-off", "They begin."), ("urn:2", "Goal", "One nil."), title="Sports"
    )
    two = web.feed("/two", ("urn:3", "Rain", "It rains."), title="Weather")
    job = collect(one, two)
    assert job.status == "done" and job.result == {"feeds": 2, "new": 3, "failed": 0}
    assert (job.done, job.total, job.text) == (2, 2, "3 new notes from 2 feeds")
    assert said(job) == {f"{one}: 2 new of 2", f"{two}: 1 new of 1"}
    assert set(texts()) == {"Kick-off\nThey begin.", "Goal\nOne nil.", "Rain\nIt rains."}
    note = Note.objects.get(text__startswith="Goal")
    assert (note.author, note.event) == (alice, event)
    assert (note.source_title, note.source_url) == ("Sports", "https://news.example/1")


def test_the_newest_entry_comes_last_so_that_it_is_on_top(web, collect, event):
    collect(web.feed("/one", ("urn:1", "First", ""), ("urn:2", "Second", ""), ("urn:3", "Third", "")))
    assert texts() == ["First", "Second", "Third"]
    frames = [frame for _, frame, *_ in read(event.key, 0, 10)]
    assert ["First" in frames[0], "Third" in frames[2], len(frames)] == [True, True, 3]


def test_again_adds_only_what_is_new(web, collect, event, bob):
    """Whoever collects."""
    collect(web.feed("/one", ("urn:1", "First", "")))
    Event.objects.update(is_open=True)
    url = web.feed("/one", ("urn:1", "First, another title", ""), ("urn:2", "Second", ""))
    assert collect(url, person=bob).result == {"feeds": 1, "new": 1, "failed": 0}
    assert collect(url).result["new"] == 0
    assert texts() == ["First", "Second"]
    assert position(event.key).seq == 2


def test_what_was_removed_does_not_come_back(web, collect):
    url = web.feed("/one", ("urn:1", "First", ""))
    collect(url)
    Note.objects.update(removed="2026-01-01T00:00Z", text="")
    assert collect(url).result["new"] == 0


def test_two_feeds_may_call_theirs_the_same(web, collect):
    """An id without a colon is only a name in its own feed; with one it is everywhere the same entry."""
    item = '<item><guid isPermaLink="false">1</guid><title>{}</title></item>'
    items = f'<rss version="2.0"><channel>{item}</channel></rss>'
    for path in ("/one", "/two"):
        web.pages[path] = answer(items.format(path).encode())
    same = web.feed("/three", ("urn:1", "Same", "")), web.feed("/four", ("urn:1", "Same", ""))
    collect(web.url("/one"), web.url("/two"), *same)
    assert sorted(texts()) == ["/one", "/two", "Same"]


def test_an_event_of_its_own_gets_its_own(web, collect, alice, work):
    url = web.feed("/one", ("urn:1", "First", ""))
    collect(url)
    other = Event.objects.create(title="Other", author=alice, feeds=url)
    collect_feeds.enqueue(other.pk, alice.pk)
    assert work().result["new"] == 1 and other.notes.count() == 1


def test_bad_feeds_are_named_and_the_others_go_on(web, collect):
    web.pages["/html"] = answer(b"<html></html>", "text/html")
    web.pages["/none"] = answer(b"<x/>")
    good = web.feed("/good", ("urn:1", "First", ""))
    job = collect("http://10.0.0.1/", web.url("/html"), good, web.url("/gone"), web.url("/none"))
    assert job.status == "done" and job.result == {"feeds": 5, "new": 1, "failed": 4}
    assert said(job) == {
        "http://10.0.0.1/: This host is not a public one.",
        f"{web.url('/html')}: It is no feed, but text/html.",
        f"{good}: 1 new of 1",
        f"{web.url('/gone')}: It answers 404.",
        f"{web.url('/none')}: It is neither Atom nor RSS.",
    }
    assert job.text == "1 new note from 5 feeds, 4 failed"


def test_a_mistake_of_ours_is_one_feeds_alone(web, collect, monkeypatch):
    good, fetch = web.feed("/good", ("urn:1", "First", "")), feeds.fetch

    def broken(url):
        return fetch(url) if url == good else 1 / 0

    monkeypatch.setattr(feeds, "fetch", broken)
    job = collect("http://x.example/", good)
    assert job.result == {"feeds": 2, "new": 1, "failed": 1}
    assert "http://x.example/: Something broke on our side." in said(job)


def test_several_at_once(web, collect):
    """As many as AT_ONCE are asked before the first has answered."""
    together = threading.Barrier(feeds.AT_ONCE, timeout=20)

    def page(connection):
        together.wait()
        connection.sendall(answer(b'<rss version="2.0"></rss>'))

    urls = [f"/{number}" for number in range(2 * feeds.AT_ONCE)]
    web.pages |= dict.fromkeys(urls, page)
    assert collect(*map(web.url, urls)).result == {"feeds": 8, "new": 0, "failed": 0}


def test_hostile_text_stays_text(web, collect, client, event):
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    collect(
        web.feed("/one", ("urn:1", evil, evil), title=evil), web.feed("/two", ("urn:2", "A", "B"), title=evil)
    )
    for html in [
        client.get(event.get_absolute_url()).content.decode(),
        *(f for _, f, *_ in read(event.key, 0, 9)),
    ]:
        assert "alert(1)</script>" not in html and "<img src=x" not in html


@pytest.mark.parametrize("change", [{"ended": "2026-01-01T00:00Z"}, {"author": "bob"}])
def test_who_may_not_write_any_more_adds_nothing(web, collect, event, bob, change):
    Event.objects.filter(pk=event.pk).update(**change | ({"author": bob} if "author" in change else {}))
    job = collect(web.feed("/one", ("urn:1", "First", "")))
    assert job.status == "done" and job.result["new"] == 0 and not texts() and not web.asked
    assert said(job) == {"You may not write this commentary any more."}


@pytest.mark.parametrize("change", ["ended", "author"])
def test_who_loses_that_meanwhile_adds_no_more(web, collect, event, bob, change, monkeypatch):
    """A slow feed takes its time; what it brings comes too late."""
    fetched = tasks.fetched

    def then_lost(urls, meanwhile):
        for found in fetched(urls, meanwhile):
            yield found
            Event.objects.filter(pk=event.pk).update(
                **{"ended": timezone.now()} if change == "ended" else {"author": bob}
            )

    monkeypatch.setattr(tasks, "fetched", then_lost)
    job = collect(*(web.feed(f"/{n}", (f"urn:{n}", "News", "")) for n in range(3)))
    assert job.status == "done" and (job.result["new"], job.result["failed"], len(texts())) == (1, 2, 1)
    assert any("You may not write this commentary any more." in line for line in said(job))


def test_an_event_that_is_gone(event, alice, work):
    collect_feeds.enqueue(event.pk + 1, alice.pk)
    assert work().status == "done"


@pytest.mark.django_db(transaction=True)
def test_an_event_that_goes_meanwhile(web, event, alice, work, monkeypatch):
    fetched = tasks.fetched

    def then_gone(urls, meanwhile):
        for found in fetched(urls, meanwhile):
            Event.objects.get(pk=event.pk).delete()
            yield found

    url = web.feed("/one", ("urn:1", "First", ""))
    Event.objects.filter(pk=event.pk).update(feeds=url)
    monkeypatch.setattr(tasks, "fetched", then_gone)
    collect_feeds.enqueue(event.pk, alice.pk)
    job = work()
    assert job.status == "done" and job.result["failed"] == 1 and not texts()
    assert said(job) == {f"{url}: The event is gone."}


def test_who_cancels_does_not_wait_for_a_slow_server(web, event, alice):
    Event.objects.filter(pk=event.pk).update(feeds=web.url("/slow"))
    collect_feeds.enqueue(event.pk, alice.pk)
    job = Job.objects.claim("test", lease=60)
    web.pages["/slow"] = lambda connection: (job.ask(Cancelled), web.stopped.wait(30))
    run(job, patience=0)
    assert job.status == "cancelled" and not web.stopped.is_set()


class Killed(BaseException):
    """The worker dies here: nothing of it runs any more."""


@pytest.mark.parametrize("notes", [0, 1, 4])
@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_each_comes_once(web, event, alice, work, monkeypatch, notes):
    urls = [web.feed(f"/{n}", (f"urn:{n}a", "a", ""), (f"urn:{n}b", "b", "")) for n in range(3)]
    Event.objects.filter(pk=event.pk).update(feeds="\n".join(urls))
    note = Event.note

    def until_killed(event, *args, **kwargs):
        if Note.objects.count() == notes:
            raise Killed
        return note(event, *args, **kwargs)

    collect_feeds.enqueue(event.pk, alice.pk)
    job = Job.objects.claim("test", lease=0.01)
    monkeypatch.setattr(Event, "note", until_killed)
    with pytest.raises(Killed):
        collect_feeds.func(type("Context", (), {"job": job}), event.pk, alice.pk)
    assert Note.objects.count() == notes
    monkeypatch.setattr(Event, "note", note)
    Job.objects.update(due="2000-01-01T00:00Z")
    assert work().result["new"] == 6 - notes
    assert Note.objects.count() == position(event.key).seq == 6


@pytest.mark.django_db(transaction=True)
def test_two_at_the_same_time_add_each_once(web, event, alice, bob):
    """Two people, in two workers."""
    Event.objects.filter(pk=event.pk).update(is_open=True)
    feed = {
        "title": "",
        "entries": [{"id": f"urn:{n}", "title": str(n), "text": "", "url": ""} for n in range(20)],
    }
    start = threading.Barrier(4)

    def add(person):
        try:
            start.wait(20)
            feeds.add(Event.objects.get(pk=event.pk), person, "http://x.example/", feed)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=[person]) for person in (alice, bob, alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(texts(), key=int) == [str(n) for n in range(20)]
    assert position(event.key).seq == 20
