"""A worker writes a room's transcript into a file for whoever asked, and for nobody else."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from partyline.files.models import StoredFile
from partyline.jobs.models import Job
from partyline.jobs.worker import Worker
from partyline.rooms.models import Membership

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ask(as_):
    def ask(person, room):
        return as_(person).post(reverse("rooms:transcript", args=[room.pk]))

    return ask


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
