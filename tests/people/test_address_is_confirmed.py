"""Nothing but the question whether it is theirs goes to an address, until its owner has said yes."""

import re
import threading
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import signing
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partyline.jobs.models import Job
from partyline.people import links
from partyline.people.models import Confirmation, Mailbox, Person
from partyline.people.tasks import send_digests

ME, ADDRESS, DIGEST = (reverse(f"people:{name}") for name in ("me", "address", "digest"))


@pytest.fixture
def ask(as_, bob, sends_mail, work):
    """Return a function that gives an address, and returns the link that was mailed there."""

    def ask(address, person=bob):
        response = as_(person).post(ADDRESS, {"address": address})
        assert response.status_code == 302, response.content
        work()
        return links_in(sends_mail.outbox[-1])[0]

    return ask


def links_in(message):
    return re.findall(r"https://party\.example(/\S+)", message.body)


def of(person):
    return Mailbox.objects.get(person=person)


def test_it_works(ask, client, bob, sends_mail):
    link = ask("bob@mail.example")
    [message] = sends_mail.outbox
    assert message.to == ["bob@mail.example"] and message.from_email == "Party <party@party.example>"
    assert message.subject == "Partyline: is this your address?" and "Hello bob," in message.body
    assert (of(bob).address, of(bob).asked) == ("", "bob@mail.example")
    html = client.get(link).content.decode()
    assert "Is this your address?" in html and of(bob).address == "", "a GET changes nothing"
    assert "Confirmed" in client.post(link).content.decode()
    assert (of(bob).address, of(bob).asked, of(bob).wants_digest) == ("bob@mail.example", "", True)
    assert "Confirmed" in client.post(link).content.decode(), "a second click is no mistake"


def test_nothing_else_is_sent_before(ask, bob, lobby, alice, sends_mail, work):
    ask("bob@mail.example")
    bob.follows.create(key=lobby.key, title="Lobby", url="/")
    lobby.say(alice, "hello")
    Mailbox.objects.update(wants_digest=True)
    send_digests.enqueue()
    work()
    assert len(sends_mail.outbox) == 1


def test_a_new_address_leaves_the_old_one_until_it_is_confirmed(ask, client, bob):
    client.post(ask("bob@mail.example"))
    link = ask("bob@other.example")
    assert (of(bob).address, of(bob).asked) == ("bob@mail.example", "bob@other.example")
    client.post(link)
    assert of(bob).address == "bob@other.example"


def test_an_older_link_does_not_hold(ask, client, bob):
    old = ask("old@mail.example")
    new = ask("new@mail.example")
    assert client.post(old).status_code == client.get(old).status_code == 404
    client.post(new)
    assert client.post(old).status_code == 404 and of(bob).address == "new@mail.example"


def test_another_address_at_the_moment_of_the_click(bob, sends_mail):
    """What the link was good for is asked again in the statement that confirms."""
    mailbox = Mailbox.of(bob)
    for asked in ("new@mail.example", ""):
        mailbox.change(asked=asked)
        assert mailbox.confirm("old@mail.example") is mailbox.confirm("") is False
        assert of(bob).address == ""


def test_a_forgotten_address_is_not_confirmed_later(ask, as_, client, bob):
    link = ask("bob@mail.example")
    as_(bob).post(ADDRESS, {"forget": "1"})
    assert client.post(link).status_code == 404 and of(bob).address == ""


def test_two_days(ask, client, bob, monkeypatch):
    link = ask("bob@mail.example")
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + links.CONFIRM_SECONDS + 1)
    assert client.post(link).status_code == 404 and of(bob).address == ""
    assert "This link does not hold" in client.get(link).content.decode()


@pytest.mark.parametrize("code, status", [(450, "ready"), (550, "done")])
def test_a_server_that_asks_to_come_later_is_asked_again(
    as_, bob, sends_mail, work, monkeypatch, code, status
):
    """As many do, the first time that they hear of somebody."""

    def refuse(self, messages):
        raise SMTPRecipientsRefused({"bob@mail.example": (code, b"")})

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        as_(bob).post(ADDRESS, {"address": "bob@mail.example"})
        work()
    assert Job.objects.get().status == status and not sends_mail.outbox
    Job.objects.filter(status="ready").update(due=timezone.now())
    work()
    assert len(sends_mail.outbox) == (code == 450)


def forged(link, bob, alice):
    token = link.split("/")[-2]
    other = signing.dumps([alice.pk, "bob@mail.example"], key="another-key", salt=links.CONFIRM)
    salted = signing.dumps([alice.pk, "bob@mail.example"], salt=links.UNSUBSCRIBE)
    yield from (
        token[:-1],
        token + "x",
        token[1:],
        token.swapcase(),
        "x",
        ":",
        "::",
        other,
        salted,
        "é",
        "\0",
    )
    head, _, tail = token.partition(":")
    yield signing.b64_encode(f'[{alice.pk},"bob@mail.example"]'.encode()).decode() + ":" + tail


def test_a_forged_link_does_nothing(ask, client, bob, alice):
    link = ask("bob@mail.example")
    Mailbox.objects.create(person=alice, asked="bob@mail.example")
    for token in forged(link, bob, alice):
        url = reverse("people:confirm", args=[token])
        assert client.get(url).status_code == client.post(url).status_code == 404, token
    assert of(bob).address == of(alice).address == ""


def test_who_is_gone(ask, client, bob):
    link = ask("bob@mail.example")
    bob.delete()
    assert client.post(link).status_code == 404


@pytest.mark.parametrize("address", ["bob@mail.example", "Bob@Mail.Example", "bob+x@mail.example"])
def test_nobodys_mailbox_is_flooded(as_, sends_mail, work, address, db):
    """Three a day to one mailbox, from all people together."""
    for number in range(6):
        person = Person.objects.create_user(f"person {number}")
        response = as_(person).post(ADDRESS, {"address": "bob@mail.example" if number < 2 else address})
        assert response.status_code == (302 if number < 3 else 429)
    work()
    assert len(sends_mail.outbox) == 3
    assert "Enough mails were sent today" in response.content.decode()
    assert 'aria-invalid="true"' in response.content.decode()


def test_one_person_asks_a_few_times_a_day(as_, bob, sends_mail, work):
    for number in range(8):
        response = as_(bob).post(ADDRESS, {"address": f"bob{number}@mail.example"})
        assert response.status_code == (302 if number < 5 else 429)
        work()
    assert len(sends_mail.outbox) == 5
    Confirmation.objects.update(day="2020-01-01")
    assert as_(bob).post(ADDRESS, {"address": "bob@mail.example"}).status_code == 302
    assert Confirmation.objects.count() == 1, "what no longer counts is gone"


@pytest.mark.django_db(transaction=True)
def test_nor_by_many_at_the_same_moment(sends_mail):
    people = [Person.objects.create_user(f"person {number}") for number in range(12)]
    start, asked = threading.Barrier(len(people)), []

    def ask(person):
        try:
            mailbox = Mailbox.of(person)
            start.wait(30)
            asked.append(mailbox.ask("bob@mail.example"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= asked.count(True) <= 3 and len(asked) == 12
    assert Confirmation.objects.count() == asked.count(True)


def test_too_fast(as_, bob, sends_mail, settings):
    settings.WS_PERSON_PER_SECOND = 0.1
    client = as_(bob)
    client.post(ADDRESS, {"address": "a@mail.example"})
    assert client.post(ADDRESS, {"address": "b@mail.example"}).status_code == 429
    assert of(bob).asked == "a@mail.example"


NO_ADDRESS = [
    *(
        "",
        "bob",
        "bob@",
        "@mail.example",
        "bob@mail",
        "bob@mail.example, eve@mail.example",
        "a b@mail.example",
    ),
    *("bob@mail.example\nBcc: eve@mail.example", "bob@mail.example\r\nSubject: x", "bob@mail.example\0"),
    *(
        "Bob <bob@mail.example>",
        '"bob\n"@mail.example',
        "b" * 250 + "@mail.example",
        "bob@mail.example%0aBcc:x",
    ),
    '"a\\\n b"@mail.example',
]


@pytest.mark.parametrize("address", NO_ADDRESS, ids=ascii)
def test_what_is_no_address(as_, bob, sends_mail, work, address):
    response = as_(bob).post(ADDRESS, {"address": address})
    html = response.content.decode()
    assert response.status_code == 422 and 'aria-invalid="true"' in html and 'class="errorlist"' in html
    work()
    assert not sends_mail.outbox and of(bob).asked == ""


def test_no_name_gets_into_a_header(ask, sends_mail, db):
    """Names are as checked at sign-up; even one that is not stays in the body."""
    person = Person.objects.create_user("x")
    Person.objects.filter(pk=person.pk).update(username="x\r\nBcc: eve@mail.example")
    ask("x@mail.example", Person.objects.get(pk=person.pk))
    message = sends_mail.outbox[-1]
    assert message.recipients() == ["x@mail.example"]
    head = message.message().as_string().partition("\n\n")[0]
    assert "eve" not in head


def test_on_and_off(as_, bob, ask, client):
    client.post(ask("bob@mail.example"))
    Mailbox.objects.update(told="2020-01-01T00:00Z")
    as_(bob).post(DIGEST, {})
    assert of(bob).wants_digest is False
    Mailbox.objects.update(told="2020-01-01T00:00Z")
    as_(bob).post(DIGEST, {"wants_digest": "on"})
    assert of(bob).wants_digest is True
    assert (timezone.now() - of(bob).told).total_seconds() < 60, "what came in between is not told later"


def test_the_page_says_how_it_is(as_, bob, ask, client):
    page = lambda: as_(bob).get(ME).content.decode()  # noqa: E731
    link = ask("bob@mail.example")
    assert "Waiting for you to open the link that was sent to <b>bob@mail.example</b>" in page()
    assert "A daily mail" not in page()
    client.post(link)
    assert "Your mail goes to <b>bob@mail.example</b>" in page() and "A daily mail" in page()
    as_(bob).post(ADDRESS, {"forget": "1"})
    assert "bob@mail.example" not in page().replace("Your address is forgotten.", "")


def test_of_ones_own_alone(as_, bob, charlie, ask, client):
    client.post(ask("bob@mail.example"))
    assert "bob@mail.example" not in as_(charlie).get(ME).content.decode()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from([ADDRESS, DIGEST, reverse("people:follow")]),
    st.dictionaries(
        st.sampled_from(["address", "forget", "wants_digest", "key", "on", "next"]),
        st.text(max_size=60)
        | st.emails()
        | st.from_regex(r"(room|event|me):\d{1,30}")
        | st.sampled_from("01"),
    ),
)
def test_whatever_is_posted(as_, bob, sends_mail, page, fields):
    assert as_(bob).post(page, fields).status_code in (302, 404, 422, 429)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["confirm", "unsubscribe"]),
    st.text(min_size=1, max_size=60).filter(lambda t: "/" not in t),
)
def test_whatever_link_is_opened(client, db, name, token):
    url = reverse(f"people:{name}", args=[token])
    assert client.get(url).status_code == client.post(url).status_code == 404
