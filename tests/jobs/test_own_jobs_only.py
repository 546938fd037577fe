"""A person sees their own jobs and fetches their own files; nobody else does. Operators see all jobs."""

import uuid

import job_tasks
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse

from partyline.jobs.models import Job
from partyline.jobs.pages import jobs_of
from partyline.live import kinds

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(alice, work):
    result = job_tasks.export.using(person=alice, label="<b>Alice's export</b>").enqueue(
        "<p>hello</p>" * 50_000
    )
    work()
    return Job.objects.get(pk=result.id)


@pytest.fixture
def nobodys(work):
    result = job_tasks.export.enqueue("of nobody")
    work()
    return Job.objects.get(pk=result.id)


@pytest.fixture
def people(alice, bob, charlie):
    """Return {who: Person}: Alice has the job, Bob is an operator, Charlie is neither, one is signed out."""
    bob.is_staff = True
    bob.save()
    return {"alice": alice, "bob": bob, "charlie": charlie, "signed out": AnonymousUser()}


def fetch(job):
    return reverse("jobs:file", args=[job.pk])


IN = 302  # to the page of the job
AWAY = "to sign in"
# page: what a GET, a HEAD and a POST are answered with, for Alice, Bob, Charlie and who is signed out
ANSWERS = {
    "mine": [(200, 200, 405), (200, 200, 405), (200, 200, 405), (AWAY, AWAY, 405)],
    "all": [(404, 404, 405), (200, 200, 405), (404, 404, 405), (AWAY, AWAY, 405)],
    "job": [(200, 200, 405), (200, 200, 405), (404, 404, 405), (AWAY, AWAY, 405)],
    "file": [(200, 200, 405), (404, 404, 405), (404, 404, 405), (AWAY, AWAY, 405)],
    "cancel": [(IN, IN, IN), (IN, IN, IN), (404, 404, 404), (AWAY, AWAY, AWAY)],
    "retry": [(IN, IN, IN), (IN, IN, IN), (404, 404, 404), (AWAY, AWAY, AWAY)],
}
OF_NOBODY = {
    "job": [404, 200, 404, AWAY],
    "file": [404, 200, 404, AWAY],
    "cancel": [404, IN, 404, AWAY],
    "retry": [404, IN, 404, AWAY],
}
STREAMS = {
    "me:{alice}": [True, False, False, False],
    "job:{job}": [True, True, False, False],
    "errors:{job}": [False, True, False, False],
    "job:{nobodys}": [False, True, False, False],
    "errors:{nobodys}": [False, True, False, False],
    "jobs:all": [False, True, False, False],
    "jobs:some": [False, False, False, False],
    "job:{unknown}": [False, False, False, False],
    "errors:{unknown}": [False, False, False, False],
    "job:{squeezed}": [False, False, False, False],
    "errors:all": [False, False, False, False],
    "job:7": [False, False, False, False],
}


def answer(person, method, page):
    client = Client()
    if person.pk:
        client.force_login(person)
    response = getattr(client, method)(page)
    if response.status_code == 302 and "sign-in" in response["Location"]:
        return AWAY
    return response.status_code


def test_who_gets_which_page(job, people):
    for name, answers in ANSWERS.items():
        page = reverse(f"jobs:{name}", args=[] if name in ("mine", "all") else [job.pk])
        for person, expected in zip(people.values(), answers, strict=True):
            found = tuple(answer(person, method, page) for method in ("get", "head", "post"))
            assert found == expected, f"{name} for {person}"


def test_who_gets_nobodys_job(nobodys, people):
    for name, answers in OF_NOBODY.items():
        page = reverse(f"jobs:{name}", args=[nobodys.pk])
        assert [answer(person, "get", page) for person in people.values()] == answers, name


def test_who_may_see_which_stream(job, nobodys, people):
    ids = {"alice": people["alice"].pk, "job": job.pk, "nobodys": nobodys.pk, "unknown": uuid.uuid4()}
    for pattern, answers in STREAMS.items():
        kind, id = kinds.find(pattern.format(**ids, squeezed=job.pk.hex))
        assert [kind.may_see(person, id) for person in people.values()] == answers, pattern


def test_who_is_no_operator_any_more_sees_no_more(job, people):
    bob, (kind, id) = people["bob"], kinds.find("jobs:all")
    bob.is_staff = False
    assert not kind.may_see(bob, id)
    bob.is_superuser = True
    assert kind.may_see(bob, id)


@pytest.mark.parametrize("path", ["x", "1", "None", "all/x", "00000000-0000-0000-0000-00000000000g", "%00"])
@pytest.mark.parametrize("end", ["", "file/", "cancel/", "retry/"])
def test_what_is_no_id_is_no_page(people, as_, path, end):
    for person in (people["alice"], people["bob"]):
        for method in ("get", "head", "post"):
            assert getattr(as_(person), method)(f"/jobs/{path}/{end}").status_code == 404


def test_an_unknown_id(people, as_):
    for name in ("job", "file", "cancel", "retry"):
        for person in (people["alice"], people["bob"]):
            assert as_(person).get(reverse(f"jobs:{name}", args=[uuid.uuid4()])).status_code == 404


def test_only_operators_are_led_to_everybodys(people, as_):
    link = f'href="{reverse("jobs:all")}"'
    assert link in as_(people["bob"]).get(reverse("jobs:mine")).content.decode()
    assert link not in as_(people["alice"]).get(reverse("jobs:mine")).content.decode()


def test_it_works(job, alice, as_):
    page = as_(alice).get(reverse("jobs:mine"))
    html = page.content.decode()
    assert page.status_code == 200
    assert "&lt;b&gt;Alice&#x27;s export&lt;/b&gt;" in html
    assert fetch(job) in html
    assert f'data-stream="me:{alice.pk}"' in html
    response = as_(alice).get(fetch(job))
    assert response.streaming
    assert b"".join(response.streaming_content) == b"<p>hello</p>" * 50_000
    assert response["Content-Disposition"] == 'attachment; filename="export.txt"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Length"] == "600000"


def test_nobody_else_gets_it(job, bob, client, as_):
    assert as_(bob).get(fetch(job)).status_code == 404
    assert "export" not in as_(bob).get(reverse("jobs:mine")).content.decode()
    for page in [fetch(job), reverse("jobs:mine")]:
        response = client.get(page)
        assert response.status_code == 302
        assert "sign-in" in response["Location"]


def test_nobodys_job_is_nobodys(work, alice, as_):
    job = Job.objects.get(pk=job_tasks.export.enqueue("x").id)
    work()
    assert as_(alice).get(fetch(job)).status_code == 404


def test_there_is_no_file_yet_or_no_more(job, alice, as_):
    default_storage.delete(job.file)
    assert as_(alice).get(fetch(job)).status_code == 404
    Job.objects.update(status="running")
    assert as_(alice).get(fetch(job)).status_code == 404
    assert (
        as_(alice).get(reverse("jobs:file", args=["00000000-0000-0000-0000-000000000000"])).status_code == 404
    )


def test_only_reading(job, alice, as_):
    assert as_(alice).post(fetch(job)).status_code == 405
    assert as_(alice).post(reverse("jobs:mine")).status_code == 405


def test_the_private_stream_is_private(alice, bob):
    kind, id = kinds.find(f"me:{alice.pk}")
    assert kind.may_see(alice, id)
    assert not kind.may_see(bob, id)
    assert not kind.may_see(AnonymousUser(), "None")
    assert not kind.may_see(alice, "x")


def test_the_state_is_drawn_from_the_truth(job, alice, bob):
    kind, id = kinds.find(f"me:{alice.pk}")
    assert fetch(job) in kind.states["jobs"](id)
    assert fetch(job) not in kind.states["jobs"](str(bob.pk))


def test_jobs_of_nobody():
    assert jobs_of(AnonymousUser()) == []
