"""A worker writes a room's transcript, as HTML or JSON, into a file for whoever asked and for nobody else."""

import json

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from partyline.files.models import StoredFile
from partyline.jobs import drawing
from partyline.jobs.models import Job
from partyline.jobs.worker import Worker
from partyline.rooms import tasks
from partyline.rooms.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask(as_):
    def ask(person, room, **fields):
        return as_(person).post(reverse("rooms:transcript", args=[room.pk]), fields)

    yield ask
    assert drawing.flush(10)


def work():
    worker = Worker(1)
    while job := Job.objects.claim(worker.name, 30):
        worker._run(job)


def written():
    return default_storage.open(Job.objects.get().file).read().decode()


def test_it_works(ask, as_, bob, alice, den):
    for number in range(230):
        den.say(alice, f"text {number}")
    response = ask(bob, den)
    assert (response.status_code, response["Location"]) == (302, f"{den.get_absolute_url()}#jobs")
    work()
    job = Job.objects.get()
    assert (job.status, job.person, job.label) == (Job.Status.DONE, bob, "Transcript of The den")
    assert (job.done, job.total, job.text) == (230, 230, "230 messages")
    html = written()
    assert html.index("text 0<") < html.index("text 1<") < html.index("text 229<")
    assert html.count("<b>alice</b>") == 230
    fetched = as_(bob).get(reverse("jobs:file", args=[job.pk]))
    assert fetched["Content-Disposition"] == 'attachment; filename="the-den-transcript.html"'
    assert b"".join(fetched.streaming_content).decode() == html
    assert as_(alice).get(reverse("jobs:file", args=[job.pk])).status_code == 404


def test_as_json(ask, as_, bob, alice, den):
    said = [den.say([alice, bob][number % 2], f"text {number}\n„ü“") for number in range(230)]
    said[100].remove()
    said[101].edit("changed")
    ask(bob, den, format="json")
    work()
    job = Job.objects.get()
    assert (job.status, job.label, job.text) == ("done", "Transcript of The den (JSON)", "229 messages")
    found = json.loads(written())
    assert list(found) == ["room", "exported_at", "messages"] and found["room"] == "The den"
    assert found["exported_at"].endswith("+00:00")
    kept = [message for message in said if message != said[100]]
    assert [message["id"] for message in found["messages"]] == [message.pk for message in kept]
    at = kept[1].created.isoformat()
    assert found["messages"][1] == {"id": kept[1].pk, "author": "bob", "at": at, "text": "text 1\n„ü“"}
    assert found["messages"][100]["text"] == "changed" and "text 100\\n" not in written()
    fetched = as_(bob).get(reverse("jobs:file", args=[job.pk]))
    assert fetched["Content-Disposition"] == 'attachment; filename="the-den-transcript.json"'
    assert fetched["Content-Type"] == "application/json"


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
def test_json_at_the_edges_of_a_piece(ask, alice, lobby, count):
    for number in range(count):
        lobby.say(alice, f"{number}")
    ask(alice, lobby, format="json")
    work()
    assert [message["text"] for message in json.loads(written())["messages"]] == list(map(str, range(count)))


def test_what_is_removed_is_in_neither(ask, alice, lobby):
    lobby.say(alice, "stays")
    lobby.say(alice, "goes").remove()
    for format in ("html", "json"):
        ask(alice, lobby, format=format)
        work()
        job = Job.objects.filter(status="done").first()
        text = default_storage.open(job.file).read().decode()
        assert "stays" in text and "goes" not in text and job.text == "1 message"


def test_html_is_what_a_form_without_a_format_gets(ask, as_, alice, lobby):
    page = as_(alice).get(lobby.get_absolute_url()).content.decode()
    assert 'name="format" value="html"' in page and 'name="format" value="json"' in page
    ask(alice, lobby)
    work()
    assert written().startswith("<!doctype html>")


def test_a_job_of_an_earlier_release_is_html(alice, lobby):
    tasks.export_transcript.using(person=alice).enqueue(lobby.pk, alice.pk)
    work()
    assert written().startswith("<!doctype html>")


@pytest.mark.parametrize("format", ["", "pdf", "HTML", "__class__", "x" * 5000])
def test_another_format_there_is_not(ask, alice, lobby, format):
    assert ask(alice, lobby, format=format).status_code == 400
    assert not Job.objects.exists()


def test_it_stops_where_it_is_told_to(ask, alice, lobby, monkeypatch):
    """Somebody cancels it while it is at the first piece."""
    monkeypatch.setattr(tasks, "PIECE", 10)
    for number in range(30):
        lobby.say(alice, f"text {number}")
    read = []

    def html(room, pieces):
        for messages in pieces:
            read.append(len(messages))
            Job.objects.get().cancel()
            yield "x"

    monkeypatch.setitem(tasks.FORMATS, "html", html)
    ask(alice, lobby)
    work()
    job = Job.objects.get()
    assert (job.status, job.file) == ("cancelled", "") and read == [10]
    assert not StoredFile.objects.exists()


def test_a_second_run_writes_it_again(ask, alice, lobby):
    lobby.say(alice, "once")
    ask(alice, lobby)
    work()
    Job.objects.update(status="ready", due=Job.objects.get().created, finished=None)
    work()
    assert written().count("once") == 1 and StoredFile.objects.count() == 1


def test_its_link_is_on_the_page_of_who_asked(ask, as_, alice, bob, lobby):
    ask(bob, lobby)
    page = as_(bob).get(lobby.get_absolute_url()).content.decode()
    assert "Transcript of Lobby" in page and "Waiting for its turn" in page
    work()
    link = reverse("jobs:file", args=[Job.objects.get().pk])
    assert link in as_(bob).get(lobby.get_absolute_url()).content.decode()
    assert link not in as_(alice).get(lobby.get_absolute_url()).content.decode()


def test_what_people_wrote_stays_text(ask, alice, lobby):
    lobby.name = "<i>Lobby</i>"
    lobby.save()
    lobby.say(alice, "<script>alert(1)</script>\nhttps://example.org/?a=1&b=2")
    ask(alice, lobby)
    work()
    html = written()
    assert "<script" not in html and "<i>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_an_empty_room(ask, alice, lobby):
    ask(alice, lobby)
    work()
    assert "0 messages" in written()


def test_a_name_that_makes_no_file_name(ask, alice, lobby):
    lobby.name = "房间/.."
    lobby.save()
    ask(alice, lobby)
    work()
    assert Job.objects.get().file.endswith("room-transcript.html")


def test_who_lost_the_room_meanwhile_gets_no_file(ask, bob, den):
    ask(bob, den)
    Membership.objects.get(person=bob).delete()
    work()
    job = Job.objects.get()
    assert job.status != Job.Status.DONE and job.file == ""
    assert not StoredFile.objects.exists()


def test_who_is_not_signed_in_is_asked_to(client, lobby):
    response = client.post(reverse("rooms:transcript", args=[lobby.pk]))
    assert response["Location"].startswith(reverse("people:sign-in"))
    assert not Job.objects.exists()
