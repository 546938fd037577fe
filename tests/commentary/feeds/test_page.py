"""The page of an event's feeds: for those who may write the event, and nobody else."""

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partyline.commentary.feed_pages import MOST
from partyline.commentary.models import Event, Note
from partyline.jobs.models import Job


@pytest.fixture
def page(event):
    return reverse("commentary:feeds", args=[event.pk])


def kept():
    return Event.objects.get().feeds


def test_it_works(as_, alice, page, web, work):
    url, client = web.feed("/one", ("urn:1", "Kick-off", "")), as_(alice)
    assert 'name="feeds"' in client.get(page).content.decode()
    response = client.post(page, {"feeds": f"  {url}\r\n\r\n{url}\n", "collect": "1"})
    assert (response.status_code, response["Location"], kept()) == (302, page, url)
    [job] = Job.objects.all()
    assert (job.person, job.label) == (alice, "Collect feeds for The final")
    html = client.get(page).content.decode()
    assert "Collecting: new notes appear" in html and "Collect feeds for The final" in html
    assert f">\n{url}</textarea>" in html
    assert work().result["new"] == Note.objects.count() == 1


def test_saving_alone_collects_nothing(as_, alice, page):
    as_(alice).post(page, {"feeds": "https://a.example/\nhttp://b.example/feed"})
    assert kept() == "https://a.example/\nhttp://b.example/feed" and not Job.objects.exists()
    as_(alice).post(page, {"feeds": ""})
    assert kept() == ""


def test_nothing_to_collect(as_, alice, page):
    client = as_(alice)
    client.post(page, {"feeds": "", "collect": "1"})
    assert "There are no feeds to collect." in client.get(page).content.decode()
    assert not Job.objects.exists()


def test_once_at_a_time(as_, alice, page, work):
    client = as_(alice)
    for _ in range(3):
        client.post(page, {"feeds": "https://10.0.0.1/", "collect": "1"})
    assert Job.objects.count() == 1
    assert "You are collecting feeds already" in client.get(page).content.decode()


def test_commentators_may(as_, event, bob, page):
    event.commentators.add(bob)
    assert as_(bob).get(page).status_code == 200
    assert as_(bob).post(page, {"feeds": "https://a.example/"}).status_code == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_others_may_not(as_, client, bob, page, method):
    fields = {"feeds": "https://a.example/", "collect": "1"}
    assert getattr(as_(bob), method)(page, fields).status_code == 403
    response = getattr(client, method)(page, fields)
    assert response.status_code == 302 and response["Location"].startswith(reverse("people:sign-in"))
    assert kept() == "" and not Job.objects.exists()


def test_after_its_end_nobody_may(as_, alice, event, page):
    Event.objects.filter(pk=event.pk).update(ended="2026-01-01T00:00Z")
    assert as_(alice).post(page, {"feeds": "https://a.example/"}).status_code == 403


def test_no_such_event(as_, alice, event):
    for pk in (0, event.pk + 1, 10**30):
        assert as_(alice).get(reverse("commentary:feeds", args=[pk])).status_code == 404


@pytest.mark.parametrize(
    "typed, why",
    [
        ("ftp://a.example/", "An address begins with http:// or https://."),
        ("a.example", "An address begins with http:// or https://."),
        ("https://a.example/ https://b@c.example/", "with a name or password in it"),
        ("http://a.example:22/", "Port 22 is not one of"),
        ("http://a.example/" + "x" * 500, "longer than 500 characters"),
        ("\n".join(f"http://a.example/{n}" for n in range(MOST + 1)), "That are 21 feeds; 20 is the most."),
        ("<script>alert(1)</script>", "An address begins with http:// or https://."),
        ("x" * 20000, "at most"),
        ("http://a.example/\0", "Null characters"),
    ],
)
def test_what_is_refused_is_kept_in_the_form(as_, alice, page, typed, why):
    response = as_(alice).post(page, {"feeds": typed, "collect": "1"})
    html = response.content.decode()
    assert response.status_code == 422 and why in html and "<script>alert" not in html
    assert 'aria-invalid="true"' in html and 'aria-describedby="id_feeds_helptext' in html
    assert kept() == "" and not Job.objects.exists()


def test_too_fast(as_, alice, page, settings):
    settings.WS_PERSON_PER_SECOND = 0.1
    client = as_(alice)
    client.post(page, {"feeds": "https://a.example/"})
    response = client.post(page, {"feeds": "https://b.example/"})
    assert response.status_code == 429 and kept() == "https://a.example/"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.dictionaries(st.sampled_from(["feeds", "collect", "x"]), st.text(max_size=80), max_size=3)
    | st.fixed_dictionaries({"feeds": st.from_regex(r"https?://[^ ]{0,30}(:\w{0,5})?(/.{0,20})?")})
)
def test_whatever_is_posted(as_, alice, event, page, fields):
    assert as_(alice).post(page, fields).status_code in (302, 422, 429)
