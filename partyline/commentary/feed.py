"""The newest notes of an event as an Atom feed."""

import re

from django.contrib.syndication.views import Feed
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import linebreaks, urlize
from django.utils.text import Truncator
from django.views.decorators.http import require_safe

from .archive import conditionally
from .models import SHOWN
from .views import find

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class EventFeed(Feed):
    """What a feed reader is told of an event."""

    feed_type = Atom1Feed
    get_object = staticmethod(lambda request, event: event)

    def title(self, event):
        return NOT_XML.sub("", event.title)

    def subtitle(self, event):
        return f"{event.status.title()}, by {event.author.username}"

    def link(self, event):
        return event.get_absolute_url()

    def items(self, event):
        return event.told()[:SHOWN]

    def item_title(self, note):
        first = NOT_XML.sub("", note.text).strip().partition("\n")[0]
        return Truncator(first).chars(100) or "Update"

    def item_description(self, note):
        return linebreaks(urlize(NOT_XML.sub("", note.text), nofollow=True, autoescape=True))

    def item_author_name(self, note):
        return note.author.username

    def item_pubdate(self, note):
        return note.created

    def item_updateddate(self, note):
        return note.edited or note.created

    def item_categories(self, note):
        return ["Key moment"] if note.is_key else []


@require_safe
def feed(request, pk):
    """Return the feed, or 304 where nothing has changed."""
    event = find(pk)
    return conditionally(request, event, lambda: EventFeed()(request, event))
