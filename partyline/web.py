"""What tells of web's processes from beside them: uWSGI's mule, gunicorn's arbiter. They take no requests."""

import threading

from partyline import metrics

REQUESTS = "partyline_http_request_seconds"
SAMPLES = [f"{REQUESTS}_{end}" for end in ("bucket", "count", "sum")]


class WebNumbers:
    """What web announces of itself: requests a second, and how long they took, in milliseconds."""

    LINES = ("requests", "mean", "p95")

    def __init__(self):
        from partyline.live.rates import Rates, totals

        self.rates = Rates(lambda: totals(SAMPLES, metrics.registry()))

    def __call__(self):
        self.rates.look()
        count, took = (self.rates.per_second(f"{REQUESTS}_{end}") for end in ("count", "sum"))
        slow = self.rates.quantile(REQUESTS, 0.95)
        return {
            "requests": count,
            "mean": round(1000 * took / count, 1) if count else None,
            "p95": None if slow is None else round(1000 * slow, 1),
        }


def announce():
    """Say that web lives; Django's apps are ready."""
    from partyline.live import processes

    numbers = WebNumbers()
    processes.announce("web", lambda: True, numbers, numbers.LINES)


def tell():
    """Tell the metrics of all of web's processes, added up, and that they live; returns at once."""
    import django

    django.setup()
    metrics.serve()
    announce()


def be_the_mule():
    """Tell until this process is killed."""
    tell()
    threading.Event().wait()
