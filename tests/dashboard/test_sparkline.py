"""A line shows the last values from zero up, ends at its right, and says in words what it shows."""

import re

from partyline.dashboard import words
from partyline.dashboard.sparkline import EDGE, HEIGHT, sparkline


def points(line):
    """Return the points of a path's lines, [[(x, y)]]."""
    lines = []
    for shape in line.split("M")[1:]:
        x, y, steps = re.fullmatch(r"(\d+) (\d+)(?:l([-\d ]+))?h\.1", shape).groups()
        found = [(int(x), int(y))]
        for across, down in re.findall(r"(\d+) ?(-?\d+)", steps or ""):
            found.append((found[-1][0] + int(across), found[-1][1] + int(down)))
        lines.append(found)
    return lines


def test_it_works():
    line = sparkline([0, 5, 10, 5], 4, "today")
    half = HEIGHT // 2
    assert points(line["line"]) == [[(0, HEIGHT - EDGE), (1, half), (2, EDGE), (3, half)]]
    assert line["area"] == f"M0 {HEIGHT}V{HEIGHT - EDGE}l1-18 1-18 1 18V{HEIGHT}"
    assert line["words"] == "today: from 0 to 10, now 5" and line["width"] == 3


def test_few_values_stand_at_the_right():
    assert [[x for x, _ in line] for line in points(sparkline([1, 1], 60, "today")["line"])] == [[58, 59]]


def test_what_is_not_known_is_a_gap():
    line = sparkline([1, None, 1, 1], 4, "today")
    assert [[x for x, _ in line] for line in points(line["line"])] == [[0], [2, 3]]
    assert line["area"].count("M") == 2


def test_nothing_but_zeros_lies_at_the_bottom():
    (line,) = points(sparkline([0, 0, 0], 3, "today")["line"])
    assert {y for _, y in line} == {HEIGHT - EDGE}


def test_without_values_there_is_none():
    for values in ([], [None], [None, None]):
        line = sparkline(values, 60, "today")
        assert line["line"] == line["area"] == "" and line["words"] == "no line yet"


def test_nothing_leaves_the_drawing():
    for values in ([-5, 3], [1e12, 1], [0.001, 0.002]):
        (line,) = points(sparkline(values, 2, "today")["line"])
        assert all(0 <= y <= HEIGHT for _, y in line)


def test_it_is_short():
    """It is sent every few seconds, to everybody who looks."""
    assert len(sparkline([n % 17 for n in range(120)], 120, "today")["line"]) < 640


def test_its_words_use_the_numbers_own_way_of_writing():
    assert (
        sparkline([1000, 2500], 2, "today", words.size)["words"] == "today: from 1.0 kB to 2.5 kB, now 2.5 kB"
    )


def test_words():
    assert [words.count(n) for n in (None, 0, 12, 1234567)] == ["–", "0", "12", "1,234,567"]
    assert [words.rate(n) for n in (None, 0, 0.25, 99.94, 1234.5)] == ["–", "0.0", "0.2", "99.9", "1,234"]
    assert [words.size(n) for n in (None, 0, 999, 1834023, 5e9)] == ["–", "0 B", "999 B", "1.8 MB", "5.0 GB"]
    assert [words.size(n) for n in (524288, 99_900, 5e12)] == ["524 kB", "99.9 kB", "5000 GB"]
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
