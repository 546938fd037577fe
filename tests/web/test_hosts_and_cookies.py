"""Only the site's own names are answered, and what it leaves in a browser is as safe as HTTPS lets it be."""

import json
import logging
import os
import subprocess
import sys

import pytest
from django.urls import reverse

SIGN_IN = reverse("people:sign-in")


def test_it_works(client, alice):
    client.post(SIGN_IN, {"username": "alice", "password": "wonder-4-land"})
    client.get(SIGN_IN)
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"] is True and cookie["samesite"] == "Lax" and not cookie["domain"]
        assert not cookie["secure"], "plain HTTP would never see it again"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "a b", "testserver:x", "[::1"]
)
def test_an_unknown_host_is_refused_without_a_traceback(client, db, caplog, host):
    with caplog.at_level(logging.INFO):
        logging.getLogger("django.security.DisallowedHost").setLevel(logging.CRITICAL)  # as settings do
        response = client.get(reverse("rooms:list"), HTTP_HOST=host)
    assert response.status_code == 400
    assert "Traceback" not in response.content.decode() and "evil" not in response.content.decode()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_forged_forwarded_host_changes_nothing(client, alice):
    response = client.get(SIGN_IN, HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PROTO="https")
    assert response.status_code == 200 and "evil.example" not in response.content.decode()
    assert not response.wsgi_request.is_secure()


BROWSER = """
import json, django; django.setup()
from django.test import Client
client = Client(HTTP_HOST="localhost", headers={"x-forwarded-proto": "https"})
page, plain = client.get("/people/sign-in/"), Client(HTTP_HOST="localhost").get("/people/sign-in/?a=b")
cookie = page.cookies["csrftoken"]
from django.conf import settings
print(json.dumps({
    "status": page.status_code, "secure": cookie["secure"],
    "hsts": page.headers.get("Strict-Transport-Security"),
    "session": settings.SESSION_COOKIE_SECURE, "plain": [plain.status_code, plain.headers.get("Location")],
}))
"""


@pytest.fixture(scope="module")
def static_root(tmp_path_factory):
    """Collect the static files: pages of a site with DEBUG off name them by their hash."""
    root = str(tmp_path_factory.mktemp("static"))
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "partyline.settings", "STATIC_ROOT": root}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env=env, check=True)
    return root


def browse(https, static_root):
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "partyline.settings", "LOG_LEVEL": "ERROR"}
    env |= {"HTTPS": https, "STATIC_ROOT": static_root}
    run = subprocess.run([sys.executable, "-c", BROWSER], env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_with_https_on(static_root):
    found = browse("true", static_root)
    assert found["status"] == 200 and found["secure"] is True and found["session"] is True
    assert found["hsts"] == "max-age=31536000"
    assert found["plain"] == [301, "https://localhost/people/sign-in/?a=b"]


def test_with_https_off(static_root):
    found = browse("false", static_root)
    assert found["status"] == 200 and not found["secure"] and not found["session"]
    assert found["hsts"] is None and found["plain"] == [200, None]
