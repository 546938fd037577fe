"""Every knob works unset, and nonsense in one stops the start with an error that names it."""

import os
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from partyline import env, settings

FILE = Path(settings.__file__)
SECRETS = [name.removesuffix("_FILE") for name in env.KNOWN if name.endswith("_FILE")]
SECRETS.remove("WORKER_HEARTBEAT")  # a path like any other


@pytest.fixture
def read(monkeypatch):
    """Return a function that reads the settings file in an environment of just these variables."""

    def read(**environment):
        for name in env.KNOWN:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"SECRET_KEY": "x", **environment}.items():
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)
        return runpy.run_path(str(FILE))

    return read


def test_it_works(read):
    """SECRET_KEY is all that production needs."""
    found = read()
    assert found["DEBUG"] is False and found["HTTPS"] is False and found["ALLOW_GUESTS"] is True
    assert found["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert found["CHANNEL_LAYERS"]["default"]["BACKEND"] == "channels.layers.InMemoryChannelLayer"
    assert found["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]


def test_development_needs_nothing(read):
    assert len(read(SECRET_KEY=None, DEBUG="true")["SECRET_KEY"]) >= 50


def test_what_is_set_is_taken(read):
    found = read(
        ALLOWED_HOSTS=" a.example, b.example ,",
        DATABASE_URL="postgres://me%40x:a%2Fb@db:5433/name",
        DATABASE_PASSWORD="better",
        REDIS_URL="rediss://redis:6380/1",
        REDIS_PASSWORD="secret",
        WS_DRAIN_SECONDS="2.5",
        LOG_LEVEL="ERROR",
        HTTPS="Yes",
    )
    assert found["ALLOWED_HOSTS"] == ["a.example", "b.example"]
    database = found["DATABASES"]["default"]
    assert [database[k] for k in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        *("me@x", "better", "db", "5433", "name")
    ]
    [host] = found["CHANNEL_LAYERS"]["default"]["CONFIG"]["hosts"]
    assert (host["address"], host["password"]) == ("rediss://redis:6380/1", "secret")
    assert found["WS_DRAIN_SECONDS"] == 2.5 and found["SECURE_HSTS_SECONDS"] > 0


def test_a_database_file_is_where_it_is_said_to_be(read, tmp_path):
    assert (
        read(DATABASE_URL=f"sqlite:///{tmp_path}/x.db")["DATABASES"]["default"]["NAME"] == f"{tmp_path}/x.db"
    )
    inside = read(DATABASE_URL="sqlite:///var/x.db")["DATABASES"]["default"]["NAME"]
    assert inside == str(FILE.parent.parent / "var" / "x.db")


NONSENSE = {
    "DEBUG": ["perhaps", "2", ""],
    "HTTPS": ["on and off"],
    "ALLOW_GUESTS": ["-1"],
    "ALLOWED_HOSTS": ["", " , "],
    "DATABASE_URL": [
        *("", "partyline", "mysql://db/name", "postgres://db", "postgres://db:many/name", "sqlite://x/y"),
        *("sqlite:///", "postgres:db/name", "postgres://[db/name", "postgres://db:99999/name"),
    ],
    "REDIS_URL": ["redis", "redis:6379", "localhost:6379", "http://redis", "redis://redis:many/0"],
    "CONN_MAX_AGE": ["soon", "-1", "1.5"],
    "STREAM_KEEP_ENTRIES": ["many", "99"],
    "STREAM_KEEP_DAYS": ["month", "0", "inf"],
    "WS_DRAIN_SECONDS": ["ten", "-0.1", "nan", "inf"],
    "WS_MAX_FRAME": ["64k", "1023"],
    "WS_MAX_OWED": ["1M", "1"],
    "WS_FRAMES_PER_SECOND": ["0", "many"],
    "WS_PERSON_PER_SECOND": ["-1", "some"],
    "WS_ADDRESS_PER_SECOND": ["-1", "some"],
    "WS_SOCKETS_PER_PERSON": ["-1", "2.5"],
    "WS_DATABASE_THREADS": ["0", "four"],
    "WS_HEADS_SECONDS": ["0", "often"],
    "WS_BALANCE_SECONDS": ["-1", "often"],
    "METRICS_BIND": ["9100", "here", "0.0.0.0:", "0.0.0.0:metrics"],
    "NGINX_METRICS": ["9100", "nginx", "nginx:metrics", "unix:nginx.sock"],
    "WORKER_CONCURRENCY": ["0", "two", ""],
    "JOB_TIMEOUT": ["0", "hour", "inf"],
    "JOBS_KEEP_DAYS": ["0", "month"],
    "EMAIL_URL": [
        "mail.example",
        "http://mail",
        "smtp://",
        "smtp://mail:many",
        "smtp://mail/path",
        "smtp:mail",
    ],
    "EMAIL_FROM": [
        "nobody",
        "a@",
        "Party <party>",
        "a@b.example\nBcc: c@d.example",
        "a@b.example, c@d.example x",
    ],
    "SITE_URL": [
        *("party.example", "ftp://party.example", "https://", "https://party.example/path", "http://a:b@c"),
        *("https://party.example?x", "https://party.example:many", "https://party.example/#x"),
    ],
    "FEED_PRIVATE_HOSTS": ["http://intranet", "intranet:8080", "10.0.0.0/8", "a b", "*"],
    "FILE_STORAGE": ["floppy", "S3", ""],
    "LOG_LEVEL": ["loud", "info"],
}


@pytest.mark.parametrize("name, value", [(name, value) for name in NONSENSE for value in NONSENSE[name]])
def test_nonsense_is_named(read, name, value):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}\b.*\.$"):
        read(**{name: value})


def test_every_knob_that_can_be_nonsense_is_in_the_table():
    free = {"S3_BUCKET", "S3_ENDPOINT_URL", "MEDIA_ROOT", "STATIC_ROOT", "WORKER_HEARTBEAT_FILE"}
    secrets = {f"{name}{end}" for name in SECRETS for end in ("", "_FILE")}
    assert set(env.KNOWN) == set(NONSENSE) | free | secrets


def test_a_missing_secret_is_named(read):
    for value in (None, ""):
        with pytest.raises(ImproperlyConfigured, match="^SECRET_KEY .*SECRET_KEY_FILE.* missing"):
            read(SECRET_KEY=value)
    with pytest.raises(ImproperlyConfigured, match="^S3_BUCKET is missing"):
        read(FILE_STORAGE="s3")


MAIL = {"EMAIL_URL": "smtp://mail", "EMAIL_FROM": "a@b.example", "SITE_URL": "http://b.example"}


def test_mail_needs_to_know_from_whom_and_where(read):
    assert read()["SENDS_MAIL"] is False
    for name in ("EMAIL_FROM", "SITE_URL"):
        with pytest.raises(ImproperlyConfigured, match=f"^{name} is missing"):
            read(**MAIL | {name: None})


@pytest.mark.parametrize(
    "url, expected",
    [
        ("smtp://mail", ("mail", 25, "", "", False, False)),
        ("smtps://me%40x:a%2Fb@mail.example", ("mail.example", 465, "me@x", "a/b", False, True)),
        ("smtp+tls://me:b@mail.example:2525", ("mail.example", 2525, "me", "b", True, False)),
    ],
)
def test_mail_goes_where_it_is_said_to_go(read, url, expected):
    found = read(
        **MAIL | {"EMAIL_URL": url, "EMAIL_FROM": "Party <a@b.example>", "SITE_URL": "https://c.example/"}
    )
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(found[f"EMAIL_{name}"] for name in names) == expected
    assert (found["EMAIL_FROM"], found["SITE_URL"]) == ("Party <a@b.example>", "https://c.example")
    assert found["SENDS_MAIL"] and found["EMAIL_BACKEND"].endswith(".smtp.EmailBackend")


def test_hosts_are_names(read):
    found = read(FEED_PRIVATE_HOSTS=" Feeds.Internal., 127.0.0.1 ,[FD00::1]")
    assert found["FEED_PRIVATE_HOSTS"] == ["feeds.internal", "127.0.0.1", "fd00::1"]
    assert read()["FEED_PRIVATE_HOSTS"] == []


def test_a_url_that_is_none_does_not_leak_its_password(read):
    for name in ("DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
        with pytest.raises(ImproperlyConfigured) as error:
            read(**{name: "nonsense://me:hunter2@db/name"})
        assert "hunter2" not in str(error.value)


URLS = {"DATABASE_URL": "postgres", "REDIS_URL": "redis", "EMAIL_URL": "smtp"}


@pytest.mark.parametrize("password", ["geheim/x", "geheim#x", "geheim?x", "geheim\u2100x"])
@pytest.mark.parametrize("name, scheme", URLS.items(), ids=URLS)
def test_nor_does_the_parser_that_cites_what_it_cannot_read(read, name, scheme, password):
    with pytest.raises(ImproperlyConfigured, match=name) as error:
        read(**{name: f"{scheme}://me:{password}@host:25"})
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize("name", SECRETS)
class TestSecrets:
    def test_from_a_file(self, read, tmp_path, name):
        file = tmp_path / "secret"
        file.write_text(f"{MAIL.get(name, 'kept apart')}\n")
        read(**{"SECRET_KEY": "x", **MAIL, name: None, f"{name}_FILE": str(file)})
        assert env.secret(name) == MAIL.get(name, "kept apart")

    def test_twice_is_refused(self, read, tmp_path, name):
        file = tmp_path / "secret"
        file.write_text("one")
        with pytest.raises(ImproperlyConfigured, match=f"^{name} and {name}_FILE are both set"):
            read(**{name: "other", f"{name}_FILE": str(file)})

    @pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", "folder"], ids=["gone", "not text", "folder"])
    def test_unreadable_is_named(self, read, tmp_path, name, content):
        file = tmp_path / "secret"
        if content == "folder":
            file.mkdir()
        elif content:
            file.write_bytes(content)
        with pytest.raises(ImproperlyConfigured, match=f"^{name}_FILE='{file}'"):
            read(**{"SECRET_KEY": "x", name: None, f"{name}_FILE": str(file)})

    def test_an_empty_file_variable_is_none(self, read, name):
        read(**MAIL | {name: MAIL.get(name, "given"), f"{name}_FILE": ""})
        assert os.environ[name] == env.secret(name) == MAIL.get(name, "given")
