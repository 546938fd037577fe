"""What the queue is like, asked of the database when a scraper comes."""

import logging

from django.db import Error
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily

from partyline.live.rates import Rates, totals

from .models import Job

log = logging.getLogger(__name__)

ENDED = Counter("partyline_job_attempts", "Attempts that ended here, by what the job was then.", ["state"])
for state in Job.Status.values:
    ENDED.labels(state)  # told from the start, as 0


class WorkerNumbers:
    """What a worker announces of itself: attempts that ended a second, and what it has in hand."""

    LINES = ("jobs", "running")
    TOTAL = "partyline_job_attempts_total"

    def __init__(self, worker):
        self.worker, self.rates = worker, Rates(lambda: totals([self.TOTAL]))

    def __call__(self):
        self.rates.look()
        return {
            "jobs": self.rates.per_second(self.TOTAL),
            "running": len(self.worker.pool.held),
            "concurrency": self.worker.concurrency,
            "draining": self.worker.stopping,
        }


class QueueCollector:
    """Unfinished jobs by state, and the age of the oldest of each; finished ones cost it nothing."""

    def describe(self):
        """Ask nothing when it is registered."""
        return []

    def collect(self):
        """Yield the gauges, or none while the database is away."""
        try:
            found = ages()
        except Error as error:
            log.warning("The queue is not told: %s", str(error).strip())
            return
        jobs = GaugeMetricFamily("partyline_jobs", "Unfinished jobs.", labels=["state"])
        age = GaugeMetricFamily("partyline_job_age_seconds", "Age of the oldest.", labels=["state"])
        for state, (count, seconds) in found.items():
            jobs.add_metric([state], count)
            age.add_metric([state], seconds)
        yield jobs
        yield age
        waiting = found[Job.Status.READY][1]
        yield GaugeMetricFamily(
            "partyline_job_queue_age_seconds", "How long the oldest waiting job has been due.", waiting
        )


def ages():
    """Return {state: (how many, seconds)}: since ready ones were due, and running ones started."""
    ready, running = Job.Status.READY, Job.Status.RUNNING
    due = Q(status=ready, due__lte=Now())
    row = Job.objects.filter(due__isnull=False).aggregate(
        now=Max(Now()),
        ready=Count("pk", filter=Q(status=ready)),
        running=Count("pk", filter=Q(status=running)),
        due=Min("due", filter=due),
        started=Min("started", filter=Q(status=running)),
    )

    def since(moment):
        return max(0.0, (row["now"] - moment).total_seconds()) if moment else 0.0

    return {ready: (row["ready"], since(row["due"])), running: (row["running"], since(row["started"]))}
