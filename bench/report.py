"""The drill's table and figures, in words for people."""

import math


def percentile(values, share):
    """Return the value that so large a share does not exceed (nearest rank), or None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def spread(values):
    """Write a spread of durations: the median, the 99th percentile, the longest."""
    values = sorted(values)
    shares = {"p50": 0.5, "p99": 0.99, "longest": 1}
    return ", ".join(f"{name} {seconds(percentile(values, share))}" for name, share in shares.items())


def of_faults(happened, gaps, visits):
    """Return the table's lines.

    `gaps` are [(client, from, to)] without a live socket (monotonic seconds), `visits` the page requests by
    the name of the fault.
    """
    rows = [("fault", "times", "healthy", "cut", "longest", "p50", "p99", "pages", "failed")]
    for name in sorted({fault.name for fault in happened}):
        mine = [fault for fault in happened if fault.name == name]
        theirs = [gap for gap in gaps if (fault := cause(happened, gap[1])) and fault.name == name]
        lengths = [to - since for _, since, to in theirs]
        healthy = max(fault.healthy - fault.began for fault in mine)
        figures = [max(lengths, default=None), percentile(lengths, 0.5), percentile(lengths, 0.99)]
        pages = visits[name]
        failed = sum(visit.failed for visit in pages)
        rows.append(
            (name, len(mine), seconds(healthy), len(theirs), *map(seconds, figures), len(pages), failed)
        )
    widths = [max(len(str(row[n])) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(
            str(cell).rjust(width) if n else str(cell).ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def cause(happened, moment):
    """Return the fault that began last before that moment, or None."""
    return max((f for f in happened if f.began <= moment), key=lambda f: f.began, default=None)


def seconds(value):
    """Write a duration, or a dash for none."""
    return "-" if value is None else f"{value:.2f} s"


LEGEND = """healthy: the longest time until the stack was; cut: how often a page lost its only socket;
longest, p50, p99: how long those pages were without a live one;
pages, failed: requests of pages meanwhile and until the next fault, and those without a page for an answer"""
