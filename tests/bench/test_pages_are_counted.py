"""Pages are asked for all the time; in a roll, an undo and a drain none may fail."""

import asyncio
import http.server
import threading
from collections import Counter
from types import SimpleNamespace

import pytest

from bench.faults import Fault, Happened
from bench.outcome import conclude
from bench.people import Person, Site
from bench.truth import Truth
from bench.visits import Visit, Visits, unanswered

KILL = Happened("kill -9 web", "web", 10, 20)
ROLL = Happened("roll web", "web", 30, 40, unnoticed=True)
WELL = Visit(31, 32, 200)


def visits(*made):
    found = Visits(None, "drill")
    found.made = list(made)
    return found


def words(*made, happened=(KILL, ROLL)):
    return list(unanswered(visits(*made).by_fault(happened), happened))


def test_it_is_content_where_all_is_well():
    assert words(WELL, Visit(1, 2, 302), Visit(33, 34, 200)) == []


@pytest.mark.parametrize(
    "status, said", [(503, "503"), (0, "no answer"), (500, "500"), (429, "429"), (404, "404")]
)
def test_a_request_that_fails_in_a_roll_is_told(status, said):
    assert words(WELL, Visit(33, 34, status)) == [f"roll web: 1 of 2 page requests failed (1 × {said})"]


def test_one_that_fails_in_a_kill_is_allowed():
    assert words(WELL, Visit(11, 12, 503), Visit(25, 26, 503)) == []


def test_one_that_a_kill_held_up_is_not_the_rolls():
    assert words(WELL, Visit(19, 35, 0)) == []


@pytest.mark.parametrize("began, ended", [(29, 30.5), (39, 45), (41, 42)])
def test_what_begins_or_ends_in_a_roll_or_follows_it_is_the_rolls(began, ended):
    assert words(WELL, Visit(began, ended, 503)) == ["roll web: 1 of 2 page requests failed (1 × 503)"]


def test_one_that_fails_before_anything_was_done_is_told():
    assert words(WELL, Visit(1, 2, 503)) == ["before any fault: 1 of 1 page requests failed (1 × 503)"]


def test_a_roll_in_which_nobody_asked_proves_nothing():
    assert words(Visit(11, 12, 200)) == ["roll web: no page was asked for meanwhile"]


def drill(*made):
    """A drill in which everything else is well."""
    page = SimpleNamespace(
        name="Alice", gaps=[(1, 2)], moved=0, resumes=1, ends=Counter(),
        outbox=SimpleNamespace(codes=Counter()),
    )  # fmt: skip
    party = SimpleNamespace(
        guests=[], rooms=[], said=[], streams=[], deliveries=0, unexpected=[], too_fast=0,
        delays=lambda found: [],
    )  # fmt: skip
    return SimpleNamespace(
        party=party, pages=[page], happened=[KILL, ROLL], visits=visits(*made), failures=[], late=[],
        kinds=[Fault("roll web", "web", None)], knobs={"SECONDS": 60},
        stack=SimpleNamespace(per_kind=15.0, left_out=[]),
    )  # fmt: skip


def test_the_drill_is_not_passed_then(capsys):
    assert conclude(drill(WELL), Truth()) == 0
    assert conclude(drill(WELL, Visit(11, 12, 503)), Truth()) == 0
    assert conclude(drill(WELL, Visit(33, 34, 503)), Truth()) == 1
    assert "FAILED  roll web: 1 of 2 page requests failed" in capsys.readouterr().out


async def test_visitors_ask_for_one_page_after_the_other():
    asked = []

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(503 if self.path == "/broken/" else 200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    here = visits()
    here.people = [Person(Site(f"http://127.0.0.1:{server.server_port}"))]
    task = asyncio.create_task(here.run(["/", "/broken/"]))
    async with asyncio.timeout(20):
        while len(here.made) < 3:
            await asyncio.sleep(0.01)
        server.shutdown()
        server.server_close()
        while here.made[-1].status:
            await asyncio.sleep(0.01)
    task.cancel()
    assert asked[:3] == ["/", "/broken/", "/"]
    assert [visit.status for visit in here.made[:3]] == [200, 503, 200]
    assert all(visit.began <= visit.ended for visit in here.made)
