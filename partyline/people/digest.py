"""What is new on the streams that somebody follows, and the mail that says so."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from partyline.live import kinds

from .links import unsubscribe_url

FIRST = timedelta(days=1)  # of which the first mail tells


def all_news(person, since):
    """Return the News of what they follow and may see now, where something is new since they follow it."""
    found = (
        _news(person, follow.key, max(since, follow.created)) for follow in person.follows.order_by("-pk")
    )
    return [news for news in found if news and news.count]


def _news(person, key, since):
    kind, id = kinds.find(key)
    return kind.news(id, since) if kind and kind.news and kind.may_see(person, id) else None


def digest_mail(mailbox, news, day):
    """Return the mail; that day's has one Message-ID, whoever sends it."""
    unsubscribe = unsubscribe_url(mailbox)
    context = {"person": mailbox.person, "news": news, "site": settings.SITE_URL, "unsubscribe": unsubscribe}
    message = EmailMultiAlternatives(
        f"Partyline: news from {len(news)} of the places that you follow",
        render_to_string("people/digest.txt", context),
        to=[mailbox.address],
        headers={
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",  # RFC 8058
            "Message-ID": f"<digest-{day}-{mailbox.pk}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("people/digest.html", context), "text/html")
    return message
