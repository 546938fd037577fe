"""What everybody may know of the site: `site:dashboard`, drawn from the samples that are kept anyhow."""

from datetime import UTC, datetime

from django.template.loader import render_to_string

from partyline.live import kinds
from partyline.live.site import LINE_SECONDS, SAMPLE_SECONDS, SAMPLES, pages_open, people_here, samples
from partyline.live.store import Away

from .sparkline import sparkline
from .words import count

KEY = "site:dashboard"
LATE_SECONDS = 4 * SAMPLE_SECONDS  # without news, after which the page says so
PERIOD = f"last {LINE_SECONDS // 60} minutes"
OWN = {"People here": people_here, "Pages open": pages_open}


def may_see(person, id):
    """Everybody may see the public numbers."""
    return id == "dashboard"


def numbers():
    """Return what the page shows of them; no statement is asked of the database."""
    try:
        found = samples()
    except Away:
        return {"at": datetime.now(UTC), "late": LATE_SECONDS, "is_away": True, "cards": cards([])}
    at = datetime.fromtimestamp(found[-1].at, UTC) if found else None
    return {"at": at, "late": LATE_SECONDS, "cards": cards([sample.numbers for sample in found])}


def cards(found):
    """Return [{label, value, line}] of all numbers, our own first; `found` are samples, the newest last."""
    labels = [*OWN, *(label for label, _ in kinds.numbers() if label not in OWN)]
    lines = {label: [sample.get(label) for sample in found] for label in labels}
    return [
        {
            "label": label,
            "value": count(line[-1] if line else None),
            "line": sparkline(line, SAMPLES, PERIOD),
        }
        for label, line in lines.items()
    ]


def draw(id):
    """Return the state "numbers"."""
    return render_to_string("dashboard/_numbers.html", numbers())


KIND = kinds.Kind("site", may_see=may_see, clock={"numbers": draw}, numbers=OWN)
