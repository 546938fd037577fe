"""nginx serves the static files itself: hashed names for a year, gzipped where there is a twin."""

import gzip

import pytest


@pytest.fixture
def door(front):
    door = front()
    folder = door.folder / "static"
    (folder / "site.0123456789ab.css").write_text("body {}")
    (folder / "site.0123456789ab.css.gz").write_bytes(gzip.compress(b"body {}"))
    (folder / "site.css").write_text("body {}")
    return door


def test_it_works(door):
    answer = door.ask("/static/site.0123456789ab.css")
    assert (answer.status, answer.text) == (200, "body {}")
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]


def test_a_name_without_a_hash_is_asked_for_again(door):
    assert door.ask("/static/site.css").headers["Cache-Control"] == "public, max-age=300"


def test_the_gzipped_twin(door):
    answer = door.ask("/static/site.0123456789ab.css", method="HEAD", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "path", ["/static/", "/static/none.css", "/static/../upstreams.conf", "/static../log"]
)
def test_nothing_else(door, path):
    assert door.ask(path).status in (400, 403, 404, 503)


def test_only_reading(door):
    assert door.ask("/static/site.css", method="POST", body="x").status == 403
