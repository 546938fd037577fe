"""The daily mail: what is new in what one follows and may see, once a day; nothing new, no mail."""

import re
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from partyline.commentary.models import Event
from partyline.jobs import periodic
from partyline.jobs.models import Job
from partyline.people import tasks
from partyline.people.models import Mailbox
from partyline.people.tasks import send_confirmation, send_digest, send_digests

DAY = "2030-01-01"


@pytest.fixture
def send(work):
    """Return a function that does what workers do at six in the morning of some day."""

    def send(day=DAY):
        for mailbox in Mailbox.objects.order_by("pk"):
            send_digest.using(key=f"digest:{day}:{mailbox.pk}").enqueue(mailbox.pk, day)
        return work()

    return send


@pytest.fixture
def event(alice):
    return Event.objects.create(title="The final", author=alice)


def to(outbox, person):
    return [message for message in outbox if message.to == [f"{person.username}@mail.example"]]


def test_it_works(reader, alice, bob, den, lobby, event, sends_mail, work):
    reader(bob, den, lobby, event)
    den.say(alice, "psst")
    for number in range(5):
        lobby.say(alice, f"message {number}")
    event.note(alice, "Kick-off!")
    send_digests.enqueue()
    work()
    [message] = sends_mail.outbox
    assert message.to == ["bob@mail.example"] and message.from_email == "Party <party@party.example>"
    assert message.subject == "Partyline: news from 3 of the places that you follow"
    html = message.alternatives[0].content
    for text in (message.body, html):
        for part in ("Hello bob", "The den", "psst", "Lobby", "5 new", "message 4", "The final", "Kick-off!"):
            assert part in text
        assert "message 0" not in text, "three lines of a room are enough"
        assert f"https://party.example{lobby.get_absolute_url()}" in text
        assert "https://party.example/people/me/" in text
    assert message.body.index("message 3") < message.body.index("message 4")
    [unsubscribe] = re.findall(r"<(.*)>", message.extra_headers["List-Unsubscribe"])
    assert unsubscribe in message.body and unsubscribe.startswith("https://party.example/people/unsubscribe/")
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_people_wait_for_goes_before_it(reader, bob, charlie, lobby, sends_mail):
    for person in (bob, charlie):
        reader(person, lobby)
    send_digests.enqueue()
    send_digests.func(type("Context", (), {"job": Job.objects.claim("test", lease=60)}))
    send_confirmation.enqueue(bob.pk)
    claimed = [Job.objects.claim("test", lease=60).task for _ in range(3)]
    assert claimed == [send_confirmation.module_path, *[send_digest.module_path] * 2]


def test_it_is_due_at_six():
    assert periodic._tasks["partyline.people.tasks.send_digests"] == (send_digests, "0 6 * * *")


def test_nothing_new_no_mail(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    assert send() == "nothing new" and not sends_mail.outbox
    lobby.say(alice, "hello")
    assert send("2030-01-02") == "sent" and len(sends_mail.outbox) == 1
    assert send("2030-01-03") == "nothing new" and len(sends_mail.outbox) == 1


def test_only_since_the_last_one(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    lobby.say(alice, "yesterday")
    send()
    lobby.say(alice, "today")
    send("2030-01-02")
    assert "today" in sends_mail.outbox[1].body and "yesterday" not in sends_mail.outbox[1].body


def test_only_since_one_follows_it(reader, alice, bob, lobby, sends_mail, send):
    """However long ago the last mail was."""
    mailbox = reader(bob)
    mailbox.change(told=timezone.now() - timedelta(days=30))
    lobby.say(alice, "last week")
    bob.follows.create(key=lobby.key, title="Lobby", url="/")
    assert send() == "nothing new"
    lobby.say(alice, "today")
    send("2030-01-02")
    assert "1 new" in sends_mail.outbox[0].body and "last week" not in sends_mail.outbox[0].body


def test_once_a_day(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    for number in range(3):
        lobby.say(alice, f"message {number}")
        send()
        Job.objects.all().delete()  # without even the job's key
    assert len(sends_mail.outbox) == 1
    assert send("2029-12-31") == "sent before", "an older day's job that comes late"


def test_a_room_that_one_has_lost(reader, alice, bob, den, lobby, sends_mail, send):
    reader(bob, den, lobby)
    den.say(alice, "a secret")
    lobby.say(alice, "hello")
    den.remove(bob)
    send()
    [message] = sends_mail.outbox
    text = message.body + message.alternatives[0].content
    assert "hello" in text and "secret" not in text and "The den" not in text


def test_a_room_that_became_private(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    lobby.say(alice, "a secret")
    lobby.is_private = True
    lobby.save()
    assert send() == "nothing new" and not sends_mail.outbox


def test_what_was_removed(reader, alice, bob, lobby, event, sends_mail, send):
    reader(bob, lobby, event)
    lobby.say(alice, "wrong").remove()
    note = event.note(alice, "wrong too")
    type(note).objects.filter(pk=note.pk).update(removed=timezone.now())
    assert send() == "nothing new"
    lobby.say(alice, "right")
    send("2030-01-02")
    [message] = sends_mail.outbox
    assert "wrong" not in message.body and "1 new" in message.body


@pytest.mark.parametrize(
    "change",
    [
        lambda mailbox: mailbox.change(wants_digest=False),
        lambda mailbox: mailbox.change(address="", asked="bob@mail.example"),
        lambda mailbox: type(mailbox.person).objects.update(is_active=False),
        lambda mailbox: type(mailbox.person).objects.update(is_guest=True),
        lambda mailbox: mailbox.delete(),
    ],
    ids=["turned off", "not confirmed", "locked out", "a guest", "forgotten"],
)
def test_who_gets_none(reader, alice, bob, lobby, sends_mail, work, change):
    mailbox = reader(bob, lobby)
    lobby.say(alice, "hello")
    pk = mailbox.pk
    change(mailbox)
    send_digest.enqueue(pk, DAY)
    assert work() == "not wanted any more" and not sends_mail.outbox
    send_digests.enqueue()
    work()
    assert not sends_mail.outbox


def test_where_the_site_sends_no_mail(reader, alice, bob, lobby, sends_mail, work, settings):
    reader(bob, lobby)
    lobby.say(alice, "hello")
    settings.SENDS_MAIL = False
    send_digests.enqueue()
    assert work() == {"mails": 0} and not sends_mail.outbox and Job.objects.count() == 1


def test_everybody_has_one_of_their_own(reader, alice, bob, charlie, den, lobby, sends_mail, work):
    reader(bob, den, lobby)
    reader(charlie, den, lobby)  # followed it once
    reader(alice)
    den.say(alice, "a secret")
    lobby.say(alice, "hello")
    send_digests.enqueue()
    work()
    assert len(sends_mail.outbox) == 2
    [bobs], [charlies] = to(sends_mail.outbox, bob), to(sends_mail.outbox, charlie)
    assert "a secret" in bobs.body and "a secret" not in charlies.body and "hello" in charlies.body
    assert bobs.extra_headers["List-Unsubscribe"] != charlies.extra_headers["List-Unsubscribe"]


def test_two_dispatchers_make_one_job_each(reader, bob, charlie, lobby, sends_mail, monkeypatch, work):
    """Killed behind the first, and given to another worker: it goes on, and each has one job of that day."""
    monkeypatch.setattr(tasks, "BATCH", 1)
    reader(bob, lobby)
    reader(charlie, lobby)
    send_digests.enqueue()
    job = Job.objects.claim("first", lease=60)
    context = type("Context", (), {"job": job})
    send_digests.func(context)
    cursor = job.cursor
    assert cursor[1:] == [charlie.pk, 2]
    for again in (None, [cursor[0], bob.pk, 1], cursor):
        job.cursor = again
        send_digests.func(context)
    assert Job.objects.filter(task=send_digest.module_path).count() == 2


class Breaks(EmailBackend):
    """A mail server that takes the mail, or not, and then says (or does) something else."""

    error, takes, opens = None, True, True

    def open(self):
        if not self.opens:
            raise ConnectionRefusedError

    def send_messages(self, messages):
        if self.takes:
            super().send_messages(messages)
        if self.error:
            raise self.error


@pytest.fixture
def server(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Breaks"
    return lambda **how: [monkeypatch.setattr(Breaks, name, value) for name, value in how.items()]


def again():
    """Let what waits for its next attempt be due now."""
    Job.objects.exclude(due=None).update(due=timezone.now() - timedelta(seconds=1))


class Killed(BaseException):
    """The worker dies here."""


def test_killed_while_it_is_sent_there_is_no_second_one(reader, alice, bob, lobby, sends_mail, send, server):
    """Nor is anything lost: the next day's tells it."""
    mailbox = reader(bob, lobby)
    lobby.say(alice, "hello")
    for takes in (True, False):
        server(error=Killed(), takes=takes)
        with pytest.raises(Killed):
            send_digest.func(mailbox.pk, DAY)
        server(error=None, takes=True)
        assert send_digest.func(mailbox.pk, DAY) == "sent before"
        sends_mail.outbox.clear()
        Mailbox.objects.update(digest_day=None)
    Mailbox.objects.update(digest_day=DAY)
    assert send_digest.func(mailbox.pk, "2030-01-02") == "sent"
    assert "hello" in sends_mail.outbox[0].body


def test_a_server_that_is_away_is_asked_again(reader, alice, bob, lobby, sends_mail, send, server, work):
    reader(bob, lobby)
    lobby.say(alice, "hello")
    server(opens=False)
    assert send() is None and not sends_mail.outbox and Mailbox.objects.get().digest_day is None
    server(opens=True)
    again()
    assert work() == "sent" and len(sends_mail.outbox) == 1


LATER = [SMTPDataError(451, b"later"), SMTPRecipientsRefused({"bob@mail.example": (450, b"greylisted")})]


@pytest.mark.parametrize("error", LATER, ids=["the text", "the address"])
def test_a_server_that_says_no_is_asked_again(
    reader, alice, bob, lobby, sends_mail, send, server, work, error
):
    reader(bob, lobby)
    lobby.say(alice, "hello")
    server(error=error, takes=False)
    assert send() is None and not sends_mail.outbox
    server(error=None, takes=True)
    again()
    assert work() == "sent" and len(sends_mail.outbox) == 1


def test_a_server_that_falls_silent_is_not(reader, alice, bob, lobby, sends_mail, send, server, work):
    """It may have taken the mail."""
    reader(bob, lobby)
    lobby.say(alice, "hello")
    server(error=SMTPServerDisconnected("gone"))
    send()
    server(error=None)
    again()
    assert work() == "sent before" and len(sends_mail.outbox) == 1


def test_an_address_that_is_refused_is_left_until_tomorrow(
    reader, alice, bob, lobby, sends_mail, send, server
):
    reader(bob, lobby)
    lobby.say(alice, "hello")
    server(error=SMTPRecipientsRefused({"bob@mail.example": (550, b"nobody")}), takes=False)
    assert send() == "the mail server refuses the address"
    assert Job.objects.get().status == "done"


def test_no_text_gets_into_a_header(reader, alice, bob, lobby, sends_mail, send):
    """Nor does a title break the mail."""
    reader(bob, lobby)
    type(lobby).objects.update(name="x\r\nBcc: eve@mail.example")
    lobby.say(alice, "\r\n.\r\nQUIT\r\n\r\nBcc: eve@mail.example")
    send()
    [message] = sends_mail.outbox
    assert message.recipients() == ["bob@mail.example"]
    assert "eve" not in message.message().as_string().partition("\n\n")[0]
    assert "\n.\r" not in message.message().as_string() and "\n.\n" not in message.message().as_string()


def test_hostile_text_stays_text(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    lobby.say(alice, "<script>alert(1)</script><img src=x>")
    send()
    html = sends_mail.outbox[0].alternatives[0].content
    assert "<script>" not in html and "<img" not in html and "&lt;script&gt;" in html


def test_the_day_has_one_message_id(reader, alice, bob, lobby, sends_mail, send):
    reader(bob, lobby)
    lobby.say(alice, "hello")
    send()
    [message] = sends_mail.outbox
    assert message.message()["Message-ID"] == f"<digest-{DAY}-{bob.pk}@party.example>"
    assert message.message()["Auto-Submitted"] == "auto-generated"
