"""A line of the last values, small enough to stand beside its number, with words for who does not see it."""

from . import words

HEIGHT, EDGE = 40, 2  # of the drawing, which the page stretches; the edge keeps the stroke inside
BEYOND = 9  # so far outside the drawing the shape is closed, where its stroke is not seen


def sparkline(values, most, period, say=words.count):
    """Return {path, words, width, height} of a line that ends now; None among the values is a gap.

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
    path = "".join(shape(piece, most - 1) for piece in pieces if piece)
    return {"path": path, "words": in_words(known, period, say), "width": most - 1, "height": HEIGHT}


def shape(points, width):
    """Return the path of neighbouring points, down to the bottom; where it fills the drawing, without edges.

    Relative steps of whole numbers: it is sent every few seconds, to everybody who looks.
    """
    (first, at), (last, _) = points[0], points[-1]
    steps = zip(points, points[1:], strict=False)
    start = f"M{-BEYOND if first == 0 else first} {HEIGHT + BEYOND}V{at}H{first}"
    line = "".join(f"l1 {after - before}" for (_, before), (_, after) in steps)
    return f"{start}{line}{f'h{BEYOND}' if last == width else ''}V{HEIGHT + BEYOND}"


def in_words(known, period, say):
    """Return what the line shows."""
    if len(known) < 2:
        return "no line yet"
    return f"{period}: from {say(min(known))} to {say(max(known))}, now {say(known[-1])}"
