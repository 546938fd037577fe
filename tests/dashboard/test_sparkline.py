"""A line shows the last values from zero up, ends at its right, and says in words what it shows."""

import re

from partyline.dashboard import words
from partyline.dashboard.sparkline import EDGE, HEIGHT, sparkline


def points(path):
    return [(int(x), int(y)) for x, y in re.findall(r"(\d+),(\d+)", path)]


def test_it_works():
    line = sparkline([0, 5, 10], 3, "today")
    assert points(line["line"]) == [(0, HEIGHT - EDGE), (1, HEIGHT // 2), (2, EDGE)]
    assert line["words"] == "today: from 0 to 10, now 10" and line["width"] == 2


def test_few_values_stand_at_the_right():
    assert [x for x, _ in points(sparkline([1, 1], 60, "today")["line"])] == [58, 59]


def test_what_is_not_known_is_a_gap():
    line = sparkline([1, None, 1, 1], 4, "today")
    assert line["line"].count("M") == line["area"].count("M") == 2
    assert [x for x, _ in points(line["line"])] == [0, 2, 3]


def test_nothing_but_zeros_lies_at_the_bottom():
    assert {y for _, y in points(sparkline([0, 0, 0], 3, "today")["line"])} == {HEIGHT - EDGE}


def test_without_values_there_is_none():
    for values in ([], [None], [None, None]):
        line = sparkline(values, 60, "today")
        assert line["line"] == line["area"] == "" and line["words"] == "no line yet"


def test_nothing_leaves_the_drawing():
    for values in ([-5, 3], [1e12, 1], [0.001, 0.002]):
        assert all(0 <= y <= HEIGHT for _, y in points(sparkline(values, 2, "today")["line"]))


def test_its_words_use_the_numbers_own_way_of_writing():
    assert (
        sparkline([1000, 2500], 2, "today", words.size)["words"] == "today: from 1.0 kB to 2.5 kB, now 2.5 kB"
    )


def test_words():
    assert [words.count(n) for n in (None, 0, 12, 1234567)] == ["–", "0", "12", "1,234,567"]
    assert [words.rate(n) for n in (None, 0, 0.25, 99.94, 1234.5)] == ["–", "0.0", "0.2", "99.9", "1,234"]
    assert [words.size(n) for n in (None, 0, 999, 1834023, 5e9)] == ["–", "0 B", "999 B", "1.8 MB", "5.0 GB"]
    found = [words.milliseconds(n) for n in (None, 0.123, 23.44, 187.4, 12000)]
    assert found == ["–", "0.12 ms", "23.4 ms", "187 ms", "12 s"]
    assert [words.span(n) for n in (None, -1, 59, 60, 7200, 200000)] == [
        "–",
        "0 s",
        "59 s",
        "1 min",
        "2 h",
        "2 d",
    ]
