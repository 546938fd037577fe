"""A feed's address reaches nothing that is not public, however it is written and wherever it leads."""

import contextlib
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from partyline.commentary import public
from partyline.commentary.fetch import fetch
from partyline.commentary.public import CannotFetch, is_public, taken_apart

from .conftest import answer, redirect

PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1"),
    *("198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
    *("255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8"),
    *(
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "192.88.99.1",
    ),
    *("fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "5f00::1"),
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::8",
]


@pytest.fixture
def connected(monkeypatch):
    """Collect where a connection was tried to; none is made."""
    tried = []

    def refuse(address, timeout=None):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return tried


@pytest.fixture
def names(monkeypatch):
    """Return a dict {name: [addresses]} that is the DNS; addresses are what they are."""
    found, real, asked = {}, socket.getaddrinfo, []

    def look_up(host, port, *args, **kwargs):
        asked.append(host)
        rows = found.get(host, [host])
        rows = rows.pop(0) if rows and isinstance(rows[0], list) else rows
        return [row for address in rows for row in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found["asked"] = asked
    return found


def test_it_works(web):
    web.pages["/feed?a=b&c"] = answer(b"<feed/>", "application/atom+xml")
    found = fetch(web.url("/feed?a=b&c#part"))
    assert (found.body, found.content_type) == (b"<feed/>", "application/atom+xml")
    [asked] = web.asked
    assert asked.startswith(f"GET /feed?a=b&c HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n")
    assert "Accept-Encoding: identity" in asked and "Cookie" not in asked and "Authorization" not in asked


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public(address, names, connected):
    assert not is_public(address)
    names["feeds.example"] = [address]
    with pytest.raises(CannotFetch, match="not a public one"):
        fetch("http://feeds.example/")
    assert not connected


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is(address, names, connected):
    names["feeds.example"] = [address]
    with pytest.raises(CannotFetch, match="Nobody answers"):
        fetch("https://feeds.example/")
    assert connected == [(address, 443)]


SPELLINGS = [
    *(
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
    ),
    *("0", "0.0.0.0", "00000", "127.0.0.1.", "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]"),
    *("①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "ｌocalhost", "10.1", "192.168.257", "[fe80::1]"),
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_however_it_is_written(host, web, settings, connected):
    """Looked up by the machine itself: what is not resolved here is refused, too."""
    settings.FEED_PRIVATE_HOSTS = []
    with pytest.raises(CannotFetch, match="not a public one|no such host|not an address of the web"):
        fetch(f"http://{host}/")
    assert not connected


def test_most_spellings_are_understood_and_refused_for_what_they_are(settings):
    settings.FEED_PRIVATE_HOSTS = []
    for host in (
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:7f00:1]",
        "127。0。0。1",
        "localhost.",
    ):
        with pytest.raises(CannotFetch, match="not a public one"):
            fetch(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://feeds.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1/",
            "javascript:alert(1)",
            "data:,x",
        ),
        *(
            "//feeds.example/",
            "feeds.example",
            "",
            "/feed",
            "http://",
            "http:///feed",
            "http://.",
            "http://a..b/",
        ),
        *("http://me@feeds.example/", "http://me:x@feeds.example/", "http://@feeds.example/"),
        *(
            "http://feeds.example@127.0.0.1/",
            "http://feeds.example\\@127.0.0.1/",
            "http://127.0.0.1#@x.example/",
        ),
        *("http://feeds.example:99999/", "http://feeds.example:x/", "http://feeds.example:-1/"),
        *(
            "http://feeds.example:0/",
            "http://feeds.example:22/",
            "http://feeds.example:25/",
            "https://x.example:6379",
        ),
        *(
            "http://feeds.example/a b",
            "http://feeds.example/\r\nHost: x",
            "http://feeds.example\t/",
            "\nhttp://a.b/",
        ),
        *(
            "http://feeds.example/\0",
            "http://[::1",
            "http://[1.2.3.4]/",
            "http://[fe80::1%25eth0]/",
            "http://℀.x/",
        ),
        *(
            "http://feeds%2eexample/",
            "http://127%2e0.0.1/",
            "http://a" + "b" * 600,
            "http://\ud800/",
            "http://-/",
        ),
        "http://" + "a" * 64 + ".example/",
    ],
)
def test_what_is_no_address_of_the_web(url, names, connected):
    with pytest.raises(CannotFetch) as why:
        fetch(url)
    assert str(why.value).endswith(".")
    assert not connected


def test_a_name_with_one_private_address_among_public_ones(names, connected):
    names["feeds.example"] = ["93.184.216.34", "10.0.0.1"]
    with pytest.raises(CannotFetch, match="not a public one"):
        fetch("http://feeds.example/")
    assert not connected


def test_a_name_that_is_public_first_and_private_later(names, connected):
    """DNS rebinding: what was checked is what is asked; nobody looks it up a second time."""
    names["feeds.example"] = [["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]]
    with pytest.raises(CannotFetch, match="Nobody answers"):
        fetch("http://feeds.example/")
    assert connected == [("93.184.216.34", 80)]
    assert names["asked"].count("feeds.example") == 1


def test_host_stays_the_name(web, names, settings):
    settings.FEED_PRIVATE_HOSTS = ["feeds.example"]
    names["feeds.example"] = ["127.0.0.1"]
    web.pages["/"] = answer(b"<feed/>")
    assert fetch(web.url("", host="Feeds.Example.")).body == b"<feed/>"
    assert f"\r\nHost: feeds.example:{web.port}\r\n" in web.asked[0]


@pytest.mark.parametrize("allowed", [[], ["localhost"], ["27.0.0.1"], ["127.0.0.1.example"]])
def test_what_the_operator_has_not_named(web, settings, allowed):
    settings.FEED_PRIVATE_HOSTS = allowed
    web.pages["/"] = answer(b"<feed/>")
    with pytest.raises(CannotFetch):
        fetch(web.url())
    assert not web.asked


def test_a_redirect_is_followed(web):
    web.pages |= {"/": redirect("/a/b"), "/a/b": redirect("c?d"), "/a/c?d": answer(b"<feed/>")}
    assert fetch(web.url()) == (web.url("/a/c?d"), "application/xml", b"<feed/>")


@pytest.mark.parametrize(
    "to",
    [
        *("http://localhost:{port}/secret", "http://0.0.0.0:{port}/secret", "//[::1]:{port}/secret"),
        *(
            "http://2130706433:{port}/secret",
            "http://x:y@127.0.0.1:{port}/secret",
            "http://169.254.169.254/secret",
        ),
        *("file:///etc/passwd", "ftp://127.0.0.1/secret", "gopher://x/", "http://10.0.0.1:8080/", "\\\\x\\y"),
    ],
)
def test_a_redirect_to_what_is_not_public(web, to):
    web.pages |= {"/": redirect(to.format(port=web.port)), "/secret": answer(b"<feed/>")}
    with pytest.raises(CannotFetch):
        fetch(web.url())
    assert len(web.asked) == 1


def test_redirects_without_end(web):
    web.pages["/"] = redirect("/")
    with pytest.raises(CannotFetch, match="redirects more than 3 times"):
        fetch(web.url())
    assert len(web.asked) == 4
    web.pages["/"] = answer(status="302 Found")
    with pytest.raises(CannotFetch, match="redirects more than 3 times"):
        fetch(web.url())


def test_no_proxy_of_the_environment(web, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.pages["/"] = answer(b"<feed/>")
    assert fetch(web.url()).body == b"<feed/>"


@pytest.fixture
def secure(tmp_path, monkeypatch, settings):
    """A server with a certificate for feeds.example: (port, a function that has the certificate believed)."""
    settings.FEED_PRIVATE_HOSTS = ["feeds.example", "other.example"]
    file, context = certificate(tmp_path, "feeds.example"), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    with context.wrap_socket(listening.accept()[0], server_side=True) as connection:
                        connection.recv(4096)
                        connection.sendall(answer(b"<feed/>"))

    threading.Thread(target=serve, daemon=True).start()
    real = ssl.create_default_context
    yield (
        listening.getsockname()[1],
        lambda: monkeypatch.setattr(ssl, "create_default_context", lambda: real(cafile=file)),
    )
    listening.close()


def certificate(folder, name):
    """Return the file of a new key and a certificate that it has signed itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        + made.sign(key, hashes.SHA256()).public_bytes(pem)
    )
    return file


def test_the_certificate_is_that_of_the_name(secure, names):
    """Not of the address that was connected to."""
    port, believe = secure
    names |= {"feeds.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]}
    with pytest.raises(CannotFetch, match="certificate is not valid"):
        fetch(f"https://feeds.example:{port}/")
    believe()
    assert fetch(f"https://feeds.example:{port}/").body == b"<feed/>"
    with pytest.raises(CannotFetch, match="certificate is not valid"):
        fetch(f"https://other.example:{port}/")


def test_parts_are_what_is_used():
    target = taken_apart("HTTPS://Feeds.EXAMPLE:8443/a%20b/ü?q=ü&x=[1]#part")
    assert target == ("https", "feeds.example", 8443, "/a%20b/%C3%BC?q=%C3%BC&x=[1]")
    assert taken_apart("http://bücher.example").host == "xn--bcher-kva.example"
    assert public.PORTS == {80, 443, 8080, 8443}
