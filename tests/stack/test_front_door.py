"""The front door: known hosts only, no client is believed about itself, headers, static files, limits."""

import re

import pytest
from websockets.exceptions import InvalidHandshake

from tests.site import new_name, until
from tests.stack.page import dial
from tests.stack.visitor import Visitor


@pytest.fixture
def visitor(site):
    return Visitor(site)


def test_it_works(visitor):
    answer = visitor.get("/")
    assert answer.status == 200 and "Partyline" in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(visitor, path):
    assert visitor.get(path).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_an_unknown_host_is_refused(site, visitor, host):
    answer = visitor.get("/", Host=host)
    assert answer.status == 400
    assert "Traceback" not in answer.text or site.mode == "one process"  # DEBUG says more


async def test_an_unknown_host_gets_no_socket(site):
    with pytest.raises(InvalidHandshake):
        async with dial(site, origin="http://evil.example", Host="evil.example"):
            pass


# What a client says of itself

LIES = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "X-Forwarded-Host": "evil.example",
}


def other_scheme(site):
    return "http" if site.secure else "https"


def test_a_lie_about_the_scheme_changes_nothing(behind_nginx, visitor):
    lies = LIES | {"X-Forwarded-Proto": other_scheme(behind_nginx)}
    answer = visitor.get("/people/sign-in/", **lies)
    assert answer.status == 200
    assert bool(answer.set_cookies["csrftoken"]["secure"]) == behind_nginx.secure
    assert bool(answer.headers["Strict-Transport-Security"]) == behind_nginx.secure
    assert "evil" not in answer.text


def test_a_lie_about_the_scheme_does_not_pass_for_our_origin(behind_nginx, visitor):
    scheme = other_scheme(behind_nginx)
    headers = {"X-Forwarded-Proto": scheme, "Origin": f"{scheme}://{behind_nginx.netloc}"}
    assert visitor.post("/people/guest/", headers, username="Mallory").status == 403


async def test_a_lie_about_the_scheme_opens_no_socket(behind_nginx):
    scheme = other_scheme(behind_nginx)
    with pytest.raises(InvalidHandshake):
        async with dial(behind_nginx, origin=f"{scheme}://{behind_nginx.netloc}", X_Forwarded_Proto=scheme):
            pass


def test_a_lie_about_the_address_reaches_no_log(stack, visitor):
    began = stack.log_mark()
    visitor.get("/a-path-that-is-nowhere/", **LIES)
    # The line is written after the answer was sent.
    until(lambda: "/a-path-that-is-nowhere/" in stack.log_since(began), "the request stands in the log")
    assert "6.6.6.6" not in stack.log_since(began)


# Headers

PAGES = [
    "/",
    "/people/sign-up/",
    "/people/sign-in/",
    "/people/guest/",
    "/events/",
    "/dashboard/",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers_of_the_floor(visitor, path):
    check_headers(visitor.get(path))


@pytest.mark.parametrize("path", ["/nowhere/", "/rooms/999999999/"])
def test_every_refusal_too(behind_nginx, visitor, path):  # with DEBUG they are Django's own pages
    answer = visitor.get(path)
    assert answer.status == 404 and "Partyline" in answer.text
    check_headers(answer)


def check_headers(answer):
    headers = answer.headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert "object-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_session_is_out_of_reach_of_scripts_and_other_sites(site, visitor):
    answer = visitor.post("/people/guest/", username=new_name("Eve"))
    for cookie in (answer.set_cookies["sessionid"], answer.set_cookies["csrftoken"]):
        assert cookie["httponly"] and cookie["samesite"] == "Lax"
        assert bool(cookie["secure"]) == site.secure


def test_a_form_without_its_token_is_refused(visitor):
    answer = visitor.ask("POST", "/people/guest/", "username=Mallory")
    assert answer.status == 403


# Static files, and limits


def test_static_files_are_hashed_kept_and_compressed(behind_nginx, visitor):
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', visitor.get("/").text)
    assert any(path.endswith(".css") for path in files) and any(path.endswith(".js") for path in files)
    for path in files:
        answer = visitor.get(path, Accept_Encoding="gzip")
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", path
        if path.endswith((".css", ".js")) and len(answer.content) > 512:
            assert answer.headers["Content-Encoding"] == "gzip", path


def test_a_body_over_the_limit_is_refused_in_words(behind_nginx, visitor):
    answer = visitor.post("/people/guest/", username="x" * 2_000_000)
    assert answer.status == 413
    assert "Too Large" in answer.text
    assert visitor.get("/").status == 200


def test_headers_over_the_limit_are_refused(behind_nginx, visitor):
    assert visitor.get("/", X_Long="x" * 40_000).status in (400, 431)
