"""The site over HTTP, as browsers without JavaScript use it: who comes in, makes rooms, speaks by a form."""

import http.client
import re
import ssl
import uuid
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

TIMEOUT = 70  # seconds; nginx itself gives up before


class Site:
    """Where it is; a certificate is not checked, `make tls` makes one that nobody signed."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.secure = parts.scheme == "https"
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.host, self.port = parts.hostname, parts.port or (443 if self.secure else 80)
        self.socket_url = f"{'wss' if self.secure else 'ws'}://{parts.netloc}/ws/live/"
        self.tls = ssl._create_unverified_context() if self.secure else None  # noqa: S323


class Answer:
    """What came back: status 0 where nothing did."""

    def __init__(self, status, text="", location=""):
        self.status, self.text, self.location = status, text, location


class Person:
    """One person with cookies of their own."""

    def __init__(self, site, name=""):
        self.site, self.name, self.cookies, self.id = site, name, {}, 0

    @classmethod
    def guest(cls, site, name):
        """Return somebody who came in with a name alone."""
        return cls(site, name)._come_in("/people/guest/")

    @classmethod
    def member(cls, site, name):
        """Return somebody with an account."""
        return cls(site, name)._come_in("/people/sign-up/", password=str(uuid.uuid4()))

    def _come_in(self, path, **fields):
        self.expect(302, self.post(path, username=self.name, **fields))
        self.id = int(re.search(r'data-person="(\d+)"', self.get("/").text)[1])
        return self

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def ask(self, method, path, body=None, **headers):
        """Return the Answer to one request; redirects are not followed."""
        kind = http.client.HTTPSConnection if self.site.secure else http.client.HTTPConnection
        options = {"context": self.site.tls} if self.site.secure else {}
        door = kind(self.site.host, self.site.port, timeout=TIMEOUT, **options)
        try:
            door.request(method, path, body, headers | ({"Cookie": self.cookie} if self.cookies else {}))
            answer = door.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return Answer(0)
        finally:
            door.close()
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return Answer(answer.status, text, answer.headers.get("Location", ""))

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, **fields):
        """Send a form, as from a page of the site."""
        if "csrftoken" not in self.cookies:
            self.get("/people/sign-in/")
        fields["csrfmiddlewaretoken"] = self.cookies.get("csrftoken", "")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.site.origin}
        return self.ask("POST", path, urlencode(fields), **form)

    def expect(self, status, answer):
        """Return the answer; raises where it has another status."""
        if answer.status != status:
            words = re.sub(r"<[^>]+>|\s+", " ", answer.text)[:300]
            raise RuntimeError(f"{self.name}: {answer.status} instead of {status}: {words}")
        return answer

    def make_room(self, name, private=False):
        """Make a room and return its id."""
        fields = {"is_private": "on"} if private else {}
        location = self.expect(302, self.post("/rooms/new/", name=name, **fields)).location
        return int(re.fullmatch(r"/rooms/(\d+)/", location)[1])

    def invite(self, room, other):
        self.expect(302, self.post(f"/rooms/{room}/invite/", name=other.name))

    def fragment(self, room):
        """Return the HTML of the room's part of a page."""
        return self.expect(200, self.get(f"/rooms/{room}/fragment/")).text
