"""What a worker does for people: mail."""

from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.utils import timezone
from django_tasks import task

from partyline.jobs.periodic import periodic

from .digest import FIRST, all_news, digest_mail
from .links import confirm_url
from .models import Mailbox

BATCH = 500  # mailboxes between two reports
BEHIND = -10  # what people wait for goes before the mails of the day, of which there may be thousands
ATTEMPTS = 10  # about half an hour of a mail server that is away


@task(label="Mail that confirms an address", max_attempts=ATTEMPTS)
def send_confirmation(mailbox_id):
    """Send the link that confirms an address, if it is still asked for."""
    mailbox = Mailbox.objects.select_related("person").filter(pk=mailbox_id).exclude(asked="").first()
    if mailbox is None or not mailbox.person.may_have_mail:
        return "not wanted any more"
    context = {"person": mailbox.person, "site": settings.SITE_URL, "url": confirm_url(mailbox)}
    text = render_to_string("people/confirm.txt", context)
    try:
        EmailMessage("Partyline: is this your address?", text, to=[mailbox.asked]).send()
    except SMTPRecipientsRefused as error:
        if not is_final(error):
            raise
        return "the mail server knows no such address"
    return "sent"


def is_final(error):
    """Tell whether the address is refused for good; by a code of 4xx the server asks to come later."""
    return isinstance(error, SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    )


@periodic("0 6 * * *")
@task(takes_context=True, label="Daily mails")
def send_digests(context):
    """Have each person's mail of today sent; killed in the middle, it goes on behind the last."""
    if not settings.SENDS_MAIL:
        return {"mails": 0}
    job = context.job
    day, last, count = job.cursor or [timezone.now().date().isoformat(), 0, 0]
    wanting = Mailbox.objects.filter(wants_digest=True, person__follows__isnull=False).exclude(address="")
    wanting = wanting.order_by("pk").distinct().values_list("pk", flat=True)
    while batch := list(wanting.filter(pk__gt=last)[:BATCH]):
        for pk in batch:
            send_digest.using(key=f"digest:{day}:{pk}").enqueue(pk, day)
        last, count = batch[-1], count + len(batch)
        job.report(count, text=f"{count} people", cursor=[day, last, count])
    return {"mails": count}


@task(label="Daily mail", max_attempts=ATTEMPTS, priority=BEHIND)
def send_digest(mailbox_id, day):
    """Send one person's mail of a day, once: better none than two.

    1. The connection is open before anything is put down, so that a server that is away costs no day's mail.
    2. `claim` is put down before the mail goes out. Killed in between, nobody sends that day's any more, and
       the next day's tells it all: `told` is put down last.
    3. A server that says no has not taken it, so it is tried again; one that falls silent may have.
    """
    mailbox = Mailbox.objects.select_related("person").filter(pk=mailbox_id).first()
    if mailbox is None or not mailbox.gets_digest:
        return "not wanted any more"
    until, before = timezone.now(), mailbox.digest_day
    news = all_news(mailbox.person, mailbox.told or until - FIRST)
    if not news:
        return "nothing new"
    with get_connection() as connection:
        if not mailbox.claim(day):
            return "sent before"
        try:
            connection.send_messages([digest_mail(mailbox, news, day)])
        except (SMTPRecipientsRefused, SMTPResponseException) as error:
            if is_final(error):
                return "the mail server refuses the address"
            mailbox.change(digest_day=before)
            raise
    mailbox.change(told=until)
    return "sent"
