"""A person sees their own jobs and fetches their own files; nobody else does."""

import job_tasks
import pytest
from django.core.files.storage import default_storage
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


def fetch(job):
    return reverse("jobs:file", args=[job.pk])


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
    from django.contrib.auth.models import AnonymousUser

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
    from django.contrib.auth.models import AnonymousUser

    assert jobs_of(AnonymousUser()) == []
