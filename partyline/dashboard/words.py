"""Numbers as people read them on a wall: short, and about as wide now as they will be in two seconds."""

UNKNOWN = "–"


def count(number):
    """Return a whole number, with its thousands apart."""
    return UNKNOWN if number is None else f"{number:,.0f}"


def rate(number):
    """Return a number per second: with one place while that says something."""
    return UNKNOWN if number is None else f"{number:,.1f}" if number < 100 else f"{number:,.0f}"


def size(number):
    """Return bytes in their largest unit: with one place while that says something."""
    if number is None:
        return UNKNOWN
    unit = "B"
    for larger in ("kB", "MB", "GB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:.{0 if unit == 'B' or number >= 100 else 1}f} {unit}"


def milliseconds(number):
    """Return a time span given in milliseconds."""
    if number is None or number >= 10000:
        return span(number and number / 1000)
    return f"{number:.{2 if number < 1 else 1 if number < 100 else 0}f} ms"


def span(seconds):
    """Return a time span in its largest unit."""
    if seconds is None:
        return UNKNOWN
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
