"""kill -9 of the worker that collects: another one goes on, and each entry is there once."""

import threading

import pytest

from partyline.commentary.models import Event, Note
from partyline.commentary.tasks import collect_feeds
from partyline.jobs.models import Job
from partyline.live.log import position
from tests.site import until
from tests.workers import workers

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_works(web, event, alice, tmp_path):
    """Two feeds are in when the worker dies; the third has not answered."""
    urls = [web.feed(f"/{n}", *((f"urn:{n}:{m}", f"{n} {m}", "") for m in range(20))) for n in range(3)]
    go, ready = threading.Event(), web.pages["/2"]
    web.pages["/2"] = lambda connection: (go.wait(60), connection.sendall(ready))
    Event.objects.filter(pk=event.pk).update(feeds="\n".join(urls))
    collect_feeds.using(person=alice).enqueue(event.pk, alice.pk)
    with workers(tmp_path) as start:
        first = start(FEED_PRIVATE_HOSTS="127.0.0.1")
        until(lambda: Note.objects.count() >= 25, "some of it is in")
        first.kill()
        first.wait()
        go.set()
        start(FEED_PRIVATE_HOSTS="127.0.0.1")
        job = until(lambda: Job.objects.filter(status="done").first(), "another worker has done it")
    assert job.attempts == 2 and job.result["failed"] == 0
    texts = list(Note.objects.values_list("text", flat=True))
    assert sorted(texts) == sorted(f"{n} {m}" for n in range(3) for m in range(20))
    assert position(event.key).seq == 60
