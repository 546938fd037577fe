"""A line of the last values, small enough to stand beside its number, with words for who does not see it."""

from . import words

HEIGHT, EDGE = 40, 2  # of the drawing, which the page stretches; the edge keeps the stroke inside


def sparkline(values, most, period, say=words.count):
    """Return {line, area, words, width, height} of a line that ends now; None among the values is a gap.

    `most` is the number of values that fill it: fewer stand at its right. From zero up, so that a small
    change looks small. `period` says how long it is, in words.
    """
    known = [value for value in values if value is not None]
    top = max([*known, 0]) or 1
    pieces = [[]]
    for x, value in enumerate(values, most - len(values)):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((x, round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * max(0, value) / top)))
    shapes = [(*piece[0], steps(piece)) for piece in pieces if piece]
    return {
        "line": "".join(f"M{x} {y}{rest}h.1" for x, y, rest in shapes),  # a point alone shows, too
        "area": "".join(f"M{x} {HEIGHT}V{y}{rest}V{HEIGHT}" for x, y, rest in shapes),
        "words": in_words(known, period, say),
        "width": most - 1,
        "height": HEIGHT,
    }


def steps(points):
    """Return the way from the first of neighbouring points to the last; short, for it is sent often."""
    found = [after - before for (_, before), (_, after) in zip(points, points[1:], strict=False)]
    return "l" + " ".join(f"1 {step}" if step >= 0 else f"1{step}" for step in found) if found else ""


def in_words(known, period, say):
    """Return what the line shows."""
    if len(known) < 2:
        return "no line yet"
    return f"{period}: from {say(min(known))} to {say(max(known))}, now {say(known[-1])}"
