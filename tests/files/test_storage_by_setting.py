"""FILE_STORAGE chooses where files go: the database, a disk, or S3 (here a small server that speaks it)."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from storages.backends.s3 import S3Storage

from partyline.files.storage import DatabaseStorage

ROOT = Path(__file__).resolve().parent.parent.parent


class FakeS3(BaseHTTPRequestHandler):
    """PUT, GET (with ranges), HEAD, DELETE and listings of one bucket, in memory."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            data = unchunk(data)
        self.server.files[self.key] = data
        self.answer(200)

    def do_GET(self):
        if urlsplit(self.path).path == "/bucket":
            return self.answer(200, self.listing().encode())
        if self.key not in self.server.files:
            return self.answer(404)
        data = self.server.files[self.key]
        first, _, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if first:
            data = data[int(first) : int(last) + 1 if last else None]
        self.answer(206 if first else 200, data)

    do_HEAD = do_GET

    def do_DELETE(self):
        self.server.files.pop(self.key, None)
        self.answer(204)

    @property
    def key(self):
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    @property
    def query(self):
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def listing(self):
        prefix, files = self.query.get("prefix", [""])[0], self.server.files
        below = {key: key.removeprefix(prefix) for key in files if key.startswith(prefix)}
        folders = {prefix + name.partition("/")[0] + "/" for name in below.values() if "/" in name}
        return (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>'
            + "".join(
                f"<Contents><Key>{escape(k)}</Key></Contents>" for k, n in below.items() if "/" not in n
            )
            + "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in folders)
            + "</ListBucketResult>"
        )

    def answer(self, status, data=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Last-Modified", "Sat, 01 Aug 2026 12:00:00 GMT")
        self.send_header("ETag", '"1"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *arguments):
        pass


def unchunk(data):
    """Return the payload of an aws-chunked body: `size;…CRLF bytes CRLF` until size 0."""
    found = b""
    while size := int((line := data.partition(b"\r\n"))[0].partition(b";")[0], 16):
        found, data = found + line[2][:size], line[2][size + 2 :]
    return found


@pytest.fixture
def s3():
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeS3)
    server.files = {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def settings_of(**environment):
    """Return STORAGES["default"] as the settings file makes it from this environment."""
    script = "import json, partyline.settings as s; print(json.dumps(s.STORAGES['default']))"
    env = os.environ | {"SECRET_KEY": "only-for-tests", "DEBUG": "true"} | environment
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def kept(storage):
    """Save, find, read, list and delete a file."""
    name = storage.save("jobs/1/hello.txt", ContentFile(b"hello" * 100_000))
    assert storage.exists(name)
    assert storage.size(name) == 500_000
    assert storage.open(name).read() == b"hello" * 100_000
    assert storage.listdir("jobs/1")[1] == ["hello.txt"]
    assert storage.listdir("jobs")[0] == ["1"]
    assert storage.save("jobs/1/hello.txt", ContentFile(b"other")) != name
    storage.delete(name)
    assert not storage.exists(name)


@pytest.mark.django_db(transaction=True)
def test_the_database_is_the_default():
    assert settings_of()["BACKEND"] == "partyline.files.storage.DatabaseStorage"
    kept(DatabaseStorage())


def test_disk(tmp_path):
    assert settings_of(FILE_STORAGE="disk")["BACKEND"].endswith("FileSystemStorage")
    kept(FileSystemStorage(location=tmp_path))


def test_s3(s3, tmp_path):
    (tmp_path / "key").write_text("a secret in a file\n")
    made = settings_of(
        FILE_STORAGE="s3",
        S3_BUCKET="bucket",
        S3_ENDPOINT_URL=f"http://127.0.0.1:{s3.server_port}",
        S3_ACCESS_KEY="someone",
        S3_SECRET_KEY_FILE=str(tmp_path / "key"),
    )
    assert made["BACKEND"] == "storages.backends.s3.S3Storage"
    assert made["OPTIONS"]["secret_key"] == "a secret in a file"
    kept(S3Storage(**made["OPTIONS"]))
    assert [key.startswith("jobs/1/hello_") for key in s3.files] == [True]


def test_a_file_that_s3_does_not_have_is_not_found(s3):
    options = {"bucket_name": "bucket", "endpoint_url": f"http://127.0.0.1:{s3.server_port}"}
    with pytest.raises(FileNotFoundError):
        S3Storage(**options, access_key="a", secret_key="b").open("gone").read()


def test_an_unknown_word_is_refused():
    with pytest.raises(AssertionError, match="FILE_STORAGE"):
        settings_of(FILE_STORAGE="tape")
