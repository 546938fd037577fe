"""Nobody can have a name that looks like another's: not in case, not by Unicode, not at the same moment."""

import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from partyline.people.forms import SignUpForm
from partyline.people.models import Person

SIGN_UP = reverse("people:sign-up")
PASSWORD = "explores-5-caves"


def sign_up(name):
    return Client().post(SIGN_UP, {"username": name, "password": PASSWORD})


def test_it_works(db):
    for name in ("Zoë", "李小龙", "Мария", "o'Neil-42", "two words"):
        assert sign_up(name).status_code == 302, name
    assert sign_up("  two   more\twords ").status_code == 302
    assert Person.objects.filter(username="two more words").exists()


TWINS = {
    "the same": ("alice", "alice"),
    "case": ("alice", "ALIce"),
    "case beyond ASCII": ("Ärger", "äRGER"),
    "sharp s": ("Strauß", "STRAUSS"),
    "wide letters": ("alice", "\uff41\uff4c\uff49\uff43\uff45"),
    "a ligature": ("office", "o\ufb03ce"),
    "composed otherwise": ("Zo\u00eb", "Zoe\u0308"),
    "spaces": ("al ice", " al \u2003 ice "),
}


@pytest.mark.parametrize("first, second", TWINS.values(), ids=TWINS.keys())
def test_a_twin_is_refused(db, first, second):
    assert sign_up(first).status_code == 302
    response = sign_up(second)
    assert response.status_code == 422
    assert response.content.decode().count("Somebody has this name already.") == 1
    assert Person.objects.count() == 1


TRICKS = {
    "zero-width space": "ali\u200bce",
    "zero-width joiner": "ali\u200dce",
    "soft hyphen": "ali\u00adce",
    "byte order mark": "\ufeffalice",
    "bidi override": "\u202ealice",
    "bidi isolate": "\u2066alice",
    "NUL": "ali\0ce",
    "escape": "\x1b[31malice",
    "private use": "ali\ue000ce",
    "variation selector": "alice\ufe0f",
    "another variation selector": "alice\U000e0100",
    "grapheme joiner": "ali\u034fce",
    "Hangul filler": "\u3164\u3164",
    "empty Braille": "\u2800\u2800",
    "nothing but zero width": "\u200b\u200b\u200b",
}


@pytest.mark.parametrize("name", TRICKS.values(), ids=TRICKS.keys())
def test_what_cannot_be_seen_is_refused(db, name):
    response = sign_up(name)
    assert response.status_code == 422 and response.context["form"].errors["username"]
    assert not Person.objects.exists()


def test_a_name_that_a_database_takes_for_another_locks_nobody_out(db, alice):
    """Upper case of the dotless ı is I: a lookup by UPPER would find two people."""
    assert sign_up("al\u0131ce").status_code == 302
    response = Client().post(reverse("people:sign-in"), {"username": "ALICE", "password": "wonder-4-land"})
    assert response.status_code == 302
    assert Person.objects.get_by_natural_key("ALICE") == alice


def test_at_the_same_moment(transactional_db, monkeypatch):
    """Both forms are valid before either is saved; the database decides, and the other is told."""
    both, valid, answers = threading.Barrier(2, timeout=20), SignUpForm.is_valid, []

    def is_valid(form):
        found = valid(form)
        both.wait()
        return found

    def take(name):
        try:
            answers.append(sign_up(name))
        finally:
            connection.close()

    monkeypatch.setattr(SignUpForm, "is_valid", is_valid)
    threads = [threading.Thread(target=take, args=[name]) for name in ("dora", "DORA")]
    [thread.start() for thread in threads]
    [thread.join(30) for thread in threads]
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "Somebody has this name already." in refused.content.decode()
    assert Person.objects.count() == 1
