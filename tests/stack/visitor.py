"""Somebody who uses the site's pages as a browser without JavaScript does: cookies, tokens, forms."""

import http.client
import re
import uuid
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.site import new_name


class Visitor:
    """A visitor with cookies of their own; answers have their body in `text`."""

    def __init__(self, site, name=""):
        self.site, self.name, self.cookies = site, name, {}

    @classmethod
    def guest(cls, site, name):
        """Return somebody who came in with a name alone."""
        visitor = cls(site, new_name(name))
        came_in(visitor.post("/people/guest/", username=visitor.name))
        return visitor

    @classmethod
    def member(cls, site, name, password="a-long-one-7"):
        """Return somebody with an account."""
        visitor = cls(site, new_name(name))
        came_in(visitor.post("/people/sign-up/", username=visitor.name, password=password))
        return visitor

    def ask(self, method, path, body=None, **headers):
        """Return the answer to one request, redirects not followed."""
        if self.site.secure:
            door = http.client.HTTPSConnection(
                self.site.host, self.site.port, timeout=70, context=self.site.tls
            )
        else:
            door = http.client.HTTPConnection(self.site.host, self.site.port, timeout=70)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            headers["Cookie"] = self.cookie
        try:
            door.request(method, path, body, headers)
            answer = door.getresponse()
            answer.content = answer.read()
        finally:
            door.close()
        answer.text = answer.content.decode(errors="replace")
        answer.set_cookies = SimpleCookie()
        for line in answer.headers.get_all("Set-Cookie") or ():
            answer.set_cookies.load(line)
        self.cookies |= {name: morsel.value for name, morsel in answer.set_cookies.items()}
        return answer

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, headers=None, **fields):
        """Send a form, as from a page of the site."""
        if "csrftoken" not in self.cookies:
            self.get("/people/sign-in/")
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.site.origin}
        return self.ask("POST", path, urlencode(fields), **form | (headers or {}))

    # What one does here.

    def make_room(self, name="", private=False):
        """Make a room and return its path."""
        answer = self.post(
            "/rooms/new/", name=name or new_name("Room"), **({"is_private": "on"} if private else {})
        )
        assert answer.status == 302, answer.text
        return answer.headers["Location"]

    def say(self, path, text, client_id=None):
        """Say something by the room's plain form, and return the answer."""
        return self.post(f"{path}say/", text=text, client_id=client_id or uuid.uuid4())


def came_in(answer):
    assert answer.status == 302, f"{answer.status}: {answer.text}"


def key_of(path):
    """Return the stream of a room's path."""
    return f"room:{re.fullmatch('/rooms/([0-9]+)/', path)[1]}"


def texts(page):
    """Return what is said on a page or in an entry's HTML, in its order."""
    return re.findall(r'<p class="text">([^<]*)</p>', page)
