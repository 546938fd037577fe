"""Let old entries go: a stream keeps so many for so long, and its `oldest` says where it begins."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q
from django.utils import timezone

from .models import Entry, Stream

BATCH = 1000  # entries deleted in one transaction, so that no writer waits long for the stream's row


def trim(tell=lambda done, total, text: None):
    """Delete what is older than STREAM_KEEP_DAYS or beyond STREAM_KEEP_ENTRIES; return how many entries went.

    A page that comes back from before `oldest` is told to load anew (`reset`). Several processes may trim
    at once. Whether a stream has old entries is told by its oldest one alone. `tell` is called after each
    stream.
    """
    before = timezone.now() - timedelta(days=settings.STREAM_KEEP_DAYS)
    oldest = Entry.objects.filter(stream=OuterRef("pk"), seq=OuterRef("oldest"), created__lt=before)
    too_long = Q(oldest__lte=F("head") - settings.STREAM_KEEP_ENTRIES)
    keys = list(Stream.objects.filter(too_long | Exists(oldest)).values_list("pk", flat=True))
    gone = 0
    for done, key in enumerate(keys, 1):
        gone += _trim(key, before)
        tell(done, len(keys), f"{gone} entries")
    return gone


def _trim(key, before):
    gone = 0
    while count := _trim_batch(key, before):
        gone += count
    return gone


def _trim_batch(key, before):
    """Delete the stream's first entries as far as they must go; the numbers that stay have no hole."""
    stream = Stream.objects.filter(pk=key).first()
    if stream is None:
        return 0
    first = Entry.objects.filter(stream=stream, seq__lt=stream.oldest + BATCH)
    too_old = first.filter(created__lt=before).aggregate(last=Max("seq"))["last"] or 0
    last = max(too_old, min(stream.head - settings.STREAM_KEEP_ENTRIES, stream.oldest + BATCH - 1))
    if last < stream.oldest:
        return 0
    # Two transactions, or it would hold entries and wait for the stream while an amendment does the opposite.
    Stream.objects.filter(pk=key, oldest__lte=last).update(oldest=last + 1)
    return Entry.objects.filter(stream=stream, seq__lte=last).delete()[0]
