"""What a worker does for commentaries."""

from django_tasks import task

from partyline.people.models import Person

from .feeds import add, fetched, parsed
from .models import Event
from .public import CannotFetch


@task(takes_context=True, label="Collect feeds", timeout=900)
def collect_feeds(context, event_id, person_id):
    """Make notes of what is new in the event's feeds; run again, it adds what was not added yet.

    A feed that cannot be had is named in the log with the reason, and the others go on.
    """
    job, person = context.job, Person.objects.get(pk=person_id)
    try:
        event = _writable(event_id, person)
    except CannotFetch as why:
        job.log(str(why))
        return {"feeds": 0, "new": 0, "failed": 0}
    urls, new, failed = event.feeds.split(), 0, 0
    job.report(0, len(urls), "Asking the feeds")
    for done, (url, found) in enumerate(fetched(urls, job.stop_if_asked), 1):
        try:
            count, what = _collect(event_id, person, url, found)
        except CannotFetch as why:
            failed += 1
            what = str(why)
        else:
            new += count
        job.log(f"{url}: {what}")
        job.report(done, len(urls), _sum(new, done, failed))
    return {"feeds": len(urls), "new": new, "failed": failed}


def _writable(event_id, person):
    """Return the event if the person may write it, now; raises CannotFetch."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        raise CannotFetch("The event is gone.")
    if not event.may_note(person):
        raise CannotFetch("You may not write this commentary any more.")
    return event


def _collect(event_id, person, url, found):
    """Return (how many notes were made, that in words)."""
    if isinstance(found, CannotFetch):
        raise found
    feed = parsed(found)
    event = _writable(event_id, person)  # once more: it may have ended while the feed was fetched
    try:
        new = add(event, person, url, feed)
    except Event.DoesNotExist:
        raise CannotFetch("The event is gone.") from None
    return new, f"{new} new of {len(feed['entries'])}"


def _sum(new, feeds, failed):
    words = f"{new} new note{'' if new == 1 else 's'} from {feeds} feed{'' if feeds == 1 else 's'}"
    return f"{words}, {failed} failed" if failed else words
