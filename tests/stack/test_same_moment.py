"""Several people do the same thing at the same moment: it happens once, and the others are told."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.site import new_name
from tests.stack.visitor import Visitor, texts

pytestmark = pytest.mark.usefixtures("no_traceback")
CROWD = 6


@pytest.fixture(scope="module")
def crowd(site):
    return [Visitor.member(site, f"Number {number}") for number in range(CROWD)]


def together(do, people):
    """Return what `do(person)` gives for all of them, begun as one."""
    start = threading.Barrier(len(people))

    def one(person):
        start.wait(20)
        return do(person)

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(one, people))


def once(answers, words):
    """Fail unless one was let through and all others got these words."""
    assert sorted(answer.status for answer in answers) == [302] + [422] * (len(answers) - 1)
    assert all(words in answer.text for answer in answers if answer.status == 422)


def test_one_room_name(crowd):
    name = new_name("Kitchen")
    answers = together(lambda person: person.post("/rooms/new/", name=name), crowd)
    once(answers, "There is a room of this name already.")
    assert crowd[0].get("/").text.count(f">{name}<") == 1


def test_one_room_name_in_different_letters(crowd):
    name = new_name("Cellar")
    spellings = dict(
        zip(crowd, [name, name.upper(), name.lower(), f" {name}", name, name.title()], strict=True)
    )
    answers = together(lambda person: person.post("/rooms/new/", name=spellings[person]), crowd)
    once(answers, "There is a room of this name already.")


@pytest.mark.parametrize("door", ["sign-up", "guest"])
def test_one_name(site, door):
    fields = {"username": new_name("Zoe")} | ({"password": "a-long-one-7"} if door == "sign-up" else {})
    strangers = [Visitor(site) for _ in range(CROWD)]
    for stranger in strangers:
        stranger.get(f"/people/{door}/")
    answers = together(lambda stranger: stranger.post(f"/people/{door}/", **fields), strangers)
    once(answers, "Somebody has this name already.")
    assert sum("sessionid" in stranger.cookies for stranger in strangers) == 1


def test_one_form_sent_many_times(crowd):
    path, client_id = crowd[0].make_room(), uuid.uuid4()
    answers = together(lambda _: crowd[0].say(path, "only once", client_id), crowd)
    assert {answer.status for answer in answers} == {302}
    assert texts(crowd[0].get(path).text) == ["only once"]


def test_many_messages(crowd):
    path = crowd[0].make_room()
    together(lambda person: [person.say(path, f"{person.name} {n}") for n in range(5)], crowd)
    said = texts(crowd[0].get(path).text)
    assert sorted(said) == sorted(f"{person.name} {n}" for person in crowd for n in range(5))
