"""The signed links in mails: they work for who is not signed in, and only as they were sent."""

from django.conf import settings
from django.core import signing
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from .models import Mailbox

CONFIRM, UNSUBSCRIBE = "partyline.people.confirm", "partyline.people.unsubscribe"  # salts
CONFIRM_SECONDS = 2 * 24 * 3600


def confirm_url(mailbox):
    """Return the link that confirms the address that was asked for, for two days."""
    return _url("confirm", signing.dumps([mailbox.pk, mailbox.asked], salt=CONFIRM))


def unsubscribe_url(mailbox):
    """Return the link that ends the daily mail; it holds for good, as mails are kept."""
    return _url("unsubscribe", signing.dumps(mailbox.pk, salt=UNSUBSCRIBE))


def _url(name, token):
    return settings.SITE_URL + reverse(f"people:{name}", args=[token])


def _found(pk):
    mailbox = Mailbox.objects.select_related("person").filter(pk=pk).first()
    if mailbox is None:
        raise signing.BadSignature("The account is gone.")
    return mailbox


def _page(request, what, mailbox=None, **context):
    context |= {"what": what, "mailbox": mailbox}
    return render(request, "people/link.html", context, status=200 if mailbox else 404)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request, token):
    """Ask by a page whether the address is theirs: programs that look into mails follow links, too."""
    try:
        pk, address = signing.loads(token, salt=CONFIRM, max_age=CONFIRM_SECONDS)
        mailbox = _found(pk)
    except signing.BadSignature:
        return _page(request, "confirm")
    if address not in (mailbox.asked, mailbox.address):
        return _page(request, "confirm")
    done = mailbox.address == address
    if request.method == "POST":
        done = mailbox.confirm(address)
    return _page(request, "confirm", mailbox, address=address, done=done)


@csrf_exempt  # RFC 8058: mail programs send it, without a page or a cookie; the link is the proof
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request, token):
    """End the daily mail; by POST, from our page or at one click in the mail program."""
    try:
        mailbox = _found(signing.loads(token, salt=UNSUBSCRIBE))
    except signing.BadSignature:
        return _page(request, "unsubscribe")
    if request.method == "POST":
        mailbox.want_digest(False)
    return _page(request, "unsubscribe", mailbox, done=not mailbox.wants_digest)
