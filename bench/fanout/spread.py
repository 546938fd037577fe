"""Percentiles of how long lines took, over all rounds."""

from bench.report import percentile


def spread(rounds):
    """Return percentiles in seconds, None where nothing tells; `after` is without the publisher's call."""
    last = [value for figure in rounds for value in figure["last"] if value >= 0]
    calls = [value for figure in rounds for value in figure["publishing"]]
    after = [
        max(0, whole - call)
        for figure in rounds
        for whole, call in zip(
            figure["last"], figure["publishing"], strict=False
        )  # Socket.IO's tells nothing
        if whole >= 0
    ]
    return {
        "p50": percentile(last, 0.5),
        "p99": percentile(last, 0.99),
        "publishing": percentile(calls, 0.5),
        "after": percentile(after, 0.99),
    }
