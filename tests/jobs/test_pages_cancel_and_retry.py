"""Whose job it is, and an operator, cancels it or tries it again by a plain form, and is told how it went."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(bob):
    bob.is_staff = True
    bob.save()
    return bob


def make(person, status):
    times = {"due": None, "finished": timezone.now()}
    if status in ("ready", "running"):
        times = {"due": timezone.now()}
    return Job.objects.create(task="x", label="The job", person=person, status=status, attempts=3, **times)


def post(client, verb, job, **fields):
    """Post the form, and return (where it led, what is said there)."""
    response = client.post(reverse(f"jobs:{verb}", args=[job.pk]), fields)
    page = client.get(response["Location"])
    return response["Location"], [str(message) for message in page.context["messages"]]


OUTCOMES = [
    ("cancel", "ready", "cancelled", "It is cancelled."),
    ("cancel", "running", "running", "It is told to stop."),
    ("cancel", "done", "done", "It had already finished."),
    ("cancel", "failed", "failed", "It had already failed."),
    ("cancel", "cancelled", "cancelled", "It had already been cancelled."),
    ("retry", "ready", "ready", "It is waiting for its turn already."),
    ("retry", "running", "running", "It is running already."),
    ("retry", "done", "done", "It had already finished."),
    ("retry", "failed", "ready", "It will be tried again."),
    ("retry", "cancelled", "ready", "It will be tried again."),
]


@pytest.mark.parametrize("who", ["alice", "operator"])
@pytest.mark.parametrize("verb, before, after, words", OUTCOMES)
def test_it_works(request, as_, alice, who, verb, before, after, words):
    job = make(alice, before)
    person = request.getfixturevalue(who)
    assert post(as_(person), verb, job) == (reverse("jobs:job", args=[job.pk]), [f"The job: {words}"])
    job.refresh_from_db()
    assert job.status == after
    assert job.cancel_asked == (verb == "cancel" and before in ("ready", "running"))


@pytest.mark.parametrize("verb, status", [("cancel", "ready"), ("retry", "failed")])
def test_nobody_else_does_it(as_, alice, charlie, verb, status):
    job = make(alice, status)
    page = reverse(f"jobs:{verb}", args=[job.pk])
    assert as_(charlie).post(page).status_code == 404
    assert "sign-in" in Client().post(page)["Location"]
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(alice)
    assert checked.post(page).status_code == 403
    assert as_(alice).get(page)["Location"] == reverse("jobs:job", args=[job.pk])
    job.refresh_from_db()
    assert job.status == status and not job.cancel_asked


def test_the_page_has_the_button_that_helps(as_, alice):
    for status, verb in {
        "ready": "cancel",
        "running": "cancel",
        "failed": "retry",
        "cancelled": "retry",
    }.items():
        job = make(alice, status)
        html = as_(alice).get(reverse("jobs:job", args=[job.pk])).content.decode()
        assert html.count("<button form=") == 1
        assert f'formaction="{reverse(f"jobs:{verb}", args=[job.pk])}"' in html
        assert '<form id="job-action" method="post"><input type="hidden" name="csrfmiddlewaretoken"' in html
    html = as_(alice).get(reverse("jobs:job", args=[make(alice, "done").pk])).content.decode()
    assert "<button form=" not in html


def test_an_operator_is_led_back_to_the_list(as_, operator, alice):
    job, page = make(alice, "failed"), f"{reverse('jobs:all')}?state=failed"
    assert post(as_(operator), "retry", job, next=page) == (page, ["The job: It will be tried again."])


ELSEWHERE = ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_nobody_is_led_elsewhere(as_, alice, elsewhere):
    job = make(alice, "ready")
    assert post(as_(alice), "cancel", job, next=elsewhere)[0] == reverse("jobs:job", args=[job.pk])
