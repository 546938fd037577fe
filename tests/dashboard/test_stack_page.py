"""Operators see every process and how it is, in rows that keep their places; nobody else does."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.urls import reverse

from partyline.dashboard import stack
from partyline.jobs.models import Job
from partyline.live import kinds, processes
from partyline.live.store import Away
from tests.statements import watch

PAGE = reverse("dashboard:stack")


def rows(html):
    """Return {process: {column: text}} in the order of the page."""
    found = {}
    for name, row in re.findall(r'<tr role="row" data-process="([^"]+)"(.*?)</tr>', html, re.DOTALL):
        found[name] = dict(re.findall(r'data-label="([^"]+)">([^<]*)<', row))
        found[name] |= {"state": re.search(r'data-state="(\w+)"', row)[1], "html": row}
    return found


def gauges(html):
    return dict(re.findall(r'data-gauge="(\w+)"><dt>[^<]+</dt><dd><strong>([^<]+)<', html))


@pytest.fixture
def look(as_, operator):
    """Return a function that gives the operator's page."""
    client = as_(operator)

    def look():
        answer = client.get(PAGE)
        assert answer.status_code == 200
        return answer.content.decode()

    return look


def test_it_works(look, say_hello):
    for service in ("ws", "nginx", "worker", "web"):
        say_hello(service, "here/1")
    html = look()
    found = rows(html)
    assert list(found) == ["nginx here/1", "web here/1", "ws here/1", "worker here/1"]
    ws = found["ws here/1"]
    assert (ws["Sockets"], ws["Streams"], ws["Entries/s"], ws["Deliveries/s"]) == ("7", "2", "0.5", "3.5")
    assert (ws["Owed"], ws["Cut"], ws["Resumes"], ws["Resets"]) == ("2.0 kB", "1", "4", "2")
    web = found["web here/1"]
    assert (web["Requests/s"], web["Mean"], web["95 % within"]) == ("12.5", "23.4 ms", "87.5 ms")
    assert (found["worker here/1"]["Jobs/s"], found["worker here/1"]["Running"]) == ("1.5", "2")
    assert found["nginx here/1"]["Connections"] == "3"
    assert "aaaa1111" in ws["html"] and "up 1 min" in ws["html"] and ws["state"] == "serving"
    assert f'data-stream="{stack.KEY}"' in html and "data-pause" in html and "data-live" in html


def test_what_they_have_in_common(look, say_hello, operator):
    say_hello("ws", "one/1", sockets=3, deliveries=1.0)
    say_hello("ws", "two/1", sockets=4, deliveries=2.5)
    Job.objects.create(task="a.b", label="x", person=operator)
    found = gauges(look())
    assert (found["sockets"], found["deliveries"], found["requests"]) == ("7", "3.5", "–")
    assert found["queue"] == "0 s" and found["database"].endswith(" ms") and found["redis"].endswith(" ms")


def test_outsiders_are_refused(client, as_, alice, say_hello):
    say_hello("ws", "here/1")
    answer = client.get(PAGE)
    assert answer.status_code == 302 and "sign-in" in answer["Location"]
    assert as_(alice).get(PAGE).status_code == 404
    assert "here/1" not in as_(alice).get(PAGE).content.decode()


def test_over_the_socket_too(db, alice, operator):
    kind, id = kinds.find(stack.KEY)
    assert kind.may_see(operator, id) and kind.handlers == {}
    assert not kind.may_see(alice, id) and not kind.may_see(AnonymousUser(), id)
    assert not kind.may_see(operator, "other")


def test_operators_find_it(as_, operator):
    assert PAGE in as_(operator).get(reverse("dashboard:page")).content.decode()


def test_rows_keep_their_places(look, say_hello, forget):
    say_hello("ws", "m/1", started=300)
    say_hello("ws", "b/1", started=200)
    say_hello("ws", "a/1", started=5)
    assert list(rows(look())) == ["ws m/1", "ws b/1", "ws a/1"], "who came last stands below"
    say_hello("ws", "b/1", started=200, sockets=900)
    assert list(rows(look())) == ["ws m/1", "ws b/1", "ws a/1"]
    forget("ws", "m/1")
    assert list(rows(look())) == ["ws b/1", "ws a/1"]


def test_who_drains_and_who_starts_says_so(look, say_hello):
    say_hello("ws", "going/1", takes=False, draining=True)
    say_hello("ws", "coming/1", takes=False, draining=False)
    found = rows(look())
    assert found["ws going/1"]["state"] == "draining" and ">draining<" in found["ws going/1"]["html"]
    assert found["ws coming/1"]["state"] == "starting"


def test_another_version_than_the_newest_is_marked_in_words(look, say_hello):
    say_hello("web", "old/1", started=5000, version="0ld0ld00")
    say_hello("ws", "old/2", started=4000, version="0ld0ld00")
    say_hello("ws", "new/3", started=30, version="newnew11")
    say_hello("nginx", "10.0.0.7:9100", started=0, version="")
    html = look()
    found = rows(html)
    assert {name for name, row in found.items() if "other version" in row["html"]} == {
        "web old/1",
        "ws old/2",
    }
    text = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "2 versions of the code run: 1 process of newnew11, the newest; 2 processes of 0ld0ld00." in text


def test_one_version_is_not_worth_a_word(look, say_hello):
    say_hello("web", "here/1"), say_hello("ws", "here/2")
    assert "versions of the code" not in look()


def test_a_service_that_nobody_sees_is_named(look, say_hello):
    say_hello("web", "here/1")
    assert "No worker says that it is there." in look()


def test_what_a_process_of_another_release_does_not_tell_is_a_dash(look, say_hello):
    say_hello("ws", "old/1", owed=None, history={"other": [1]})
    assert rows(look())["ws old/1"]["Owed"] == "–"


@pytest.mark.parametrize("draw", ["page", "drawing"])
def test_the_same_statements_for_one_process_and_for_many(draw, look, say_hello, take_sample, monkeypatch):
    def sent():
        statements = watch(monkeypatch, "BEGIN", "PRAGMA")
        look() if draw == "page" else stack.draw("all")
        return len(statements)

    say_hello("ws", "here/1")
    look()
    few = sent()
    for n in range(8):
        for service in ("nginx", "web", "ws", "worker"):
            say_hello(service, f"host/{n}", history={"sockets": list(range(60))})
        take_sample()
    # The queue, the simplest question; a page's: the session, the person, the stream.
    assert sent() == few == (5 if draw == "page" else 2)


def test_while_redis_is_away_it_is_said_and_it_heals(look, say_hello, monkeypatch):
    say_hello("ws", "here/1")

    def away(*args):
        raise Away("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(processes.store()), "ping", away)
        patch.setattr(type(processes.store()), "announced", away)
        html = look()
        assert "Redis does not answer" in html and not rows(html)
        assert gauges(html)["redis"] == "–" and gauges(html)["database"] != "–"
    html = look()
    assert "Redis does not answer" not in html and rows(html)


def test_while_the_database_is_away_an_open_page_is_told(db, say_hello, monkeypatch):
    say_hello("ws", "here/1")

    def away():
        raise DatabaseError("gone")

    monkeypatch.setattr(stack, "ages", away)
    html = stack.draw("all")
    assert "The database does not answer" in html and rows(html)
    assert gauges(html)["database"] == gauges(html)["queue"] == "–"


def test_the_lines_go_back_to_before_one_looked(look, say_hello, take_sample):
    for sockets in (2, 8, 4):
        say_hello("ws", "here/1", sockets=sockets)
        take_sample()
    say_hello("ws", "here/1", sockets=6, history={"sockets": [1, 5, 6]})
    html = look()
    assert "Sockets, last 10 minutes: from 2 to 8, now 6" in html
    assert "Sockets, last 2 minutes: from 1 to 6, now 6" in html


def test_what_is_drawn_is_for_every_operator_alike(look, say_hello):
    """An entry is rendered without request, person and token."""
    say_hello("ws", "here/1")
    html = stack.draw("all")
    assert "csrf" not in html and "olga" not in html and 'hx-swap-oob="true"' in html
    assert "style=" not in html and "<script" not in html
