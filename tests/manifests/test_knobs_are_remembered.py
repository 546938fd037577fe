"""What `make up` was given on its command line holds for `make scale` and `make ps` after it."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts" / "stack"))
import common


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "VAR", tmp_path / "var")
    monkeypatch.setattr(
        os, "environ", {"PORT": "9000", "TLS_CERT": "a b.pem", "PATH": "/bin", "MODE": "native"}
    )


def test_it_works():
    common.remember()
    os.environ.clear()
    common.recall()
    assert os.environ == {"PORT": "9000", "TLS_CERT": "a b.pem"}


def test_a_later_word_counts_more():
    common.remember()
    os.environ["PORT"] = "9001"
    common.recall()
    assert os.environ["PORT"] == "9001"


def test_nobody_else_may_read_it():
    common.remember()
    assert common.given().stat().st_mode & 0o077 == 0


def test_two_projects_of_one_checkout_do_not_mix():
    common.remember()
    os.environ |= {"COMPOSE_PROJECT_NAME": "another"}
    os.environ.pop("PORT")
    common.recall()
    assert "PORT" not in os.environ


def test_nothing_was_given():
    os.environ.clear()
    common.recall()
    assert os.environ == {}
