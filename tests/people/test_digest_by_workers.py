"""Workers that are killed, a mail server that is real: nobody gets two mails of one day."""

import contextlib
import socket
import threading

import pytest
from django.db.models import F

from partyline.jobs.models import Job
from partyline.people.models import Mailbox, Person
from partyline.people.tasks import send_digests
from tests.site import until
from tests.workers import workers

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 12


class MailServer:
    """Takes mail on 127.0.0.1 and notes to whom; slowly, if told so."""

    def __init__(self):
        self.socket, self.to, self.texts, self.slow = socket.create_server(("127.0.0.1", 0)), [], [], None
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError), connection.makefile("rwb") as file:

            def say(text):
                file.write(text + b"\r\n")
                file.flush()

            say(b"220 mail.example")
            for line in file:
                verb = line[:4].upper()
                if verb == b"RCPT":
                    to = line.decode().partition("<")[2].partition(">")[0]
                if verb == b"DATA":
                    say(b"354 go on")
                    text = b"".join(iter(file.readline, b".\r\n"))
                    self.to.append(to)
                    self.texts.append(text.decode())
                    if self.slow:
                        self.slow.wait(60)
                say(b"250 fine")
                if verb == b"QUIT":
                    return


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.socket.close()


def test_it_works(server, reader, alice, lobby, tmp_path):
    """Two workers; one is killed while the server has its mails and has not said so."""
    people = [Person.objects.create_user(f"person {number}") for number in range(PEOPLE)]
    for number, person in enumerate(people):
        reader(person, lobby).change(address=f"{number}@mail.example")
    lobby.say(alice, "hello")
    mail = {"EMAIL_URL": server.url, "EMAIL_FROM": "party@party.example", "SITE_URL": "https://party.example"}
    server.slow = threading.Event()
    send_digests.enqueue()
    with workers(tmp_path) as start:
        first = start(WORKER_CONCURRENCY="3", **mail)
        until(lambda: len(server.to) >= 3, "three mails are with the server")
        first.kill()
        first.wait()
        server.slow.set()
        for _ in range(2):
            start(WORKER_CONCURRENCY="2", **mail)
        until(lambda: not Job.objects.exclude(status="done").exists(), "all is done", 60)
    assert len(server.to) == len(set(server.to)) == PEOPLE, "each once"
    assert all("hello" in text for text in server.texts)
    cut = Mailbox.objects.filter(told=F("person__date_joined"))
    assert cut.count() == 3, "who was killed does not know: what it told is told again tomorrow"
