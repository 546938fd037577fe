"""With a certificate nginx speaks HTTPS alone: redirect, HSTS, TLS 1.2 or newer, renewal by a reload."""

import shutil
import signal
import socket
import ssl
import subprocess

import pytest

from tests.site import until


def certificate(folder, name):
    """Make a certificate for `name` where the running nginx looks for it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split()
    command += ["-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def door(front, tmp_path):
    certificate(tmp_path, "first")
    door = front(TLS_CERT=str(tmp_path / "cert.pem"), TLS_KEY="/elsewhere/key.pem", TLS_DIR=str(tmp_path))
    door.certificates = tmp_path
    return door


def shake_hands(door, version=None):
    context = ssl._create_unverified_context()
    if version:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", door.tls_port), 5) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(b"GET /healthz/nginx HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return tls.version(), tls.recv(4096).decode(), tls.getpeercert(binary_form=True)


def test_it_works(door):
    version, answer, _ = shake_hands(door)
    assert version == "TLSv1.3"
    assert answer.startswith("HTTP/1.1 200") and "Strict-Transport-Security: max-age=31536000" in answer


def test_http_leads_to_https(door):
    answer = door.ask("/rooms/?x=1", headers={"Host": "localhost:80"})
    assert answer.status == 308
    assert answer.headers["Location"] == f"https://localhost:{door.tls_port}/rooms/?x=1"
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("old", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(door, old):
    with pytest.raises(OSError):
        shake_hands(door, old)


def test_a_renewed_certificate_needs_a_reload_only(door):
    before = shake_hands(door)[2]
    certificate(door.certificates, "renewed")
    door.started[0].send_signal(signal.SIGHUP)
    until(lambda: shake_hands(door)[2] != before, "the new certificate is served")


def test_half_a_pair_is_refused(front):
    with pytest.raises(AssertionError):
        front(TLS_CERT="/nowhere/cert.pem")
