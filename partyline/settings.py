"""The one settings file: every knob comes from the environment, with a default that works."""

import socket
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from partyline import env

BASE_DIR = Path(__file__).resolve().parent.parent

# What it is: development or production, and under which names it answers.
DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY (or SECRET_KEY_FILE) is missing: with DEBUG off there is no default."
        )
    # Kept in a file, so that the autoreloader does not sign everybody out.
    key_file = BASE_DIR / "var" / "development_secret_key"
    if not key_file.exists():
        key_file.parent.mkdir(exist_ok=True)
        key_file.write_text(get_random_secret_key())
    SECRET_KEY = key_file.read_text()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
HTTPS = env.flag("HTTPS", False)
ALLOW_GUESTS = env.flag("ALLOW_GUESTS", True)

INSTALLED_APPS = [
    "daphne",  # first: it brings the ASGI development server
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "csp",
    "partyline.live",
    "partyline.files",
    "partyline.jobs",
    "partyline.people",
    "partyline.rooms",
    "partyline.commentary",
    "partyline.dashboard",
]
MIDDLEWARE = [
    "partyline.request_id.RequestIdMiddleware",  # first: every line of log has it
    "partyline.health.HealthMiddleware",  # before the Host check: a probe knows no public name
    "partyline.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "partyline.unavailable.UnavailableMiddleware",
    "partyline.content_security.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "partyline.urls"
WSGI_APPLICATION = "partyline.wsgi.application"
ASGI_APPLICATION = "partyline.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "partyline" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "partyline.people.context.guests",
            ],
        },
    },
]

# The truth: Postgres, or SQLite.
DATABASES = {"default": env.database("DATABASE_URL", "sqlite:///var/partyline.sqlite3", BASE_DIR)}
_db = DATABASES["default"]
_password = env.secret("DATABASE_PASSWORD")
CONN_MAX_AGE = env.number("CONN_MAX_AGE", 60)
if _db["ENGINE"].endswith("sqlite3"):
    Path(_db["NAME"]).parent.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE: read-then-write in deferred transactions ends in "database is locked".
    _db["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A host that is gone without a word is noticed within about 20 s, not when the kernel gives up.
    _patience = {"connect_timeout": 3, "tcp_user_timeout": 20000, "keepalives_idle": 10}
    _patience |= {"keepalives_interval": 3, "keepalives_count": 3}
    _db |= {"CONN_MAX_AGE": CONN_MAX_AGE, "CONN_HEALTH_CHECKS": True, "OPTIONS": _patience}
    if _password:
        _db["PASSWORD"] = _password
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Notices and shown state: Redis, or this one process's memory.
REDIS_URL = env.text("REDIS_URL")
REDIS_PASSWORD = env.secret("REDIS_PASSWORD")
if REDIS_URL:
    _redis = env.url("REDIS_URL", "", ("redis", "rediss", "unix"))
    # channels-redis blocks for 5 s and redis-py gives up after 5 s: see django/channels_redis#422.
    _host = {
        "address": REDIS_URL,
        "socket_timeout": 15,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
    }
    if REDIS_PASSWORD:
        _host["password"] = REDIS_PASSWORD
    if _redis.scheme != "unix":
        # A subscription whose other end is gone without a word would stay deaf for a quarter of an hour.
        _host["socket_keepalive"] = True
        _silence = {"TCP_USER_TIMEOUT": 10000, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}
        _host["socket_keepalive_options"] = {
            getattr(socket, name): value for name, value in _silence.items() if hasattr(socket, name)
        }
    CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_host]}}
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# Streams: what they keep. A page that comes back from further away loads anew.
STREAM_KEEP_ENTRIES = env.number("STREAM_KEEP_ENTRIES", 10000, least=100)
STREAM_KEEP_DAYS = env.number("STREAM_KEEP_DAYS", 30.0, least=0.01)

# Sockets.
WS_DRAIN_SECONDS = env.number("WS_DRAIN_SECONDS", 10.0)
WS_MAX_FRAME = env.number("WS_MAX_FRAME", 65536, least=1024)  # bytes; above it the answer is `too_long`
WS_MAX_OWED = env.number("WS_MAX_OWED", 1048576, least=524288)  # bytes owed to a slow reader before it is cut
WS_FRAMES_PER_SECOND = env.number("WS_FRAMES_PER_SECOND", 20.0, least=0.1)
# Over all processes, web's forms too; 0: no limit.
WS_PERSON_PER_SECOND = env.number("WS_PERSON_PER_SECOND", 10.0)
WS_ADDRESS_PER_SECOND = env.number("WS_ADDRESS_PER_SECOND", 200.0)
WS_SOCKETS_PER_PERSON = env.number("WS_SOCKETS_PER_PERSON", 50)
WS_DATABASE_THREADS = env.number("WS_DATABASE_THREADS", 4, least=1)
WS_HEADS_SECONDS = env.number("WS_HEADS_SECONDS", 5.0, least=0.1)
WS_BALANCE_SECONDS = env.number("WS_BALANCE_SECONDS", 15.0)  # 0: sockets stay where they are

# Work outside requests.
TASKS = {"default": {"BACKEND": "partyline.jobs.backend.JobsBackend"}}
WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 2, least=1)
JOB_TIMEOUT = env.number("JOB_TIMEOUT", 3600.0, least=0.1)  # seconds of one attempt, where its task says none
JOBS_KEEP_DAYS = env.number("JOBS_KEEP_DAYS", 30.0, least=0.01)
WORKER_HEARTBEAT_FILE = env.text("WORKER_HEARTBEAT_FILE", str(BASE_DIR / "var" / "run" / "worker.heartbeat"))

# People.
AUTH_USER_MODEL = "people.Person"
LOGIN_URL = "people:sign-in"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "rooms:list"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Mail: confirmations of addresses, and the daily digest.
SITE_URL = env.site("SITE_URL")
EMAIL_FROM = DEFAULT_FROM_EMAIL = env.mail_from("EMAIL_FROM")
_mail = env.mail("EMAIL_URL")
SENDS_MAIL = bool(_mail)
if SENDS_MAIL and not EMAIL_FROM:
    raise ImproperlyConfigured("EMAIL_FROM is missing: EMAIL_URL needs it.")
if SENDS_MAIL and not SITE_URL:
    raise ImproperlyConfigured("SITE_URL is missing: EMAIL_URL needs it, for the links.")
globals().update(_mail)
EMAIL_TIMEOUT = 20  # seconds of one step
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if SENDS_MAIL else 'dummy'}.EmailBackend"

# Feeds: the hosts that they may come from though they are not public.
FEED_PRIVATE_HOSTS = env.hosts("FEED_PRIVATE_HOSTS")

# Files: those that people make, and the site's own.
FILE_STORAGE = env.text("FILE_STORAGE", "database", choices=("database", "disk", "s3"))
MEDIA_ROOT = env.text("MEDIA_ROOT", str(BASE_DIR / "var" / "files"))
S3_BUCKET, S3_ENDPOINT_URL = env.text("S3_BUCKET"), env.text("S3_ENDPOINT_URL")
S3_ACCESS_KEY, S3_SECRET_KEY = env.secret("S3_ACCESS_KEY"), env.secret("S3_SECRET_KEY")
if FILE_STORAGE == "s3" and not S3_BUCKET:
    raise ImproperlyConfigured("S3_BUCKET is missing: FILE_STORAGE=s3 needs it.")
STORAGES = {
    "default": {
        "database": {"BACKEND": "partyline.files.storage.DatabaseStorage"},
        "disk": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "s3": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": S3_BUCKET,
                "endpoint_url": S3_ENDPOINT_URL or None,
                "access_key": S3_ACCESS_KEY or None,
                "secret_key": S3_SECRET_KEY or None,
                "file_overwrite": False,
            },
        },
    }[FILE_STORAGE],
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage."
        + ("StaticFilesStorage" if DEBUG else "ManifestStaticFilesStorage")
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
STATICFILES_DIRS = [BASE_DIR / "partyline" / "static"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1048576  # bytes, as nginx's client_max_body_size

# The security floor.
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None  # nginx overwrites it
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SECURE_REFERRER_POLICY = "same-origin"
# Over plain HTTP browsers ignore it, and complain in their console.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if HTTPS else None
X_FRAME_OPTIONS = "DENY"
# Whether subdomains and browsers' own lists are meant is the operator's to say, in front of us.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"] + (
    [] if HTTPS else ["security.W004", "security.W008", "security.W012", "security.W016"]
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Where each process tells its metrics: address:port; empty: nowhere.
METRICS_BIND = env.endpoint("METRICS_BIND")
# Where nginx tells its own: address:port, the name of several, or unix:/path; empty: nobody looks.
NGINX_METRICS = env.endpoint("NGINX_METRICS", paths=True)

LANGUAGE_CODE, TIME_ZONE, USE_I18N, USE_TZ = "en", "UTC", False, True

LOG_LEVEL = env.text("LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,  # True would silence Daphne's tracebacks
    "formatters": {"line": {"format": "{asctime} {levelname} {name}{for_request}: {message}", "style": "{"}},
    "filters": {"request_id": {"()": "partyline.request_id.RequestIdFilter"}},
    "handlers": {
        "out": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
            "stream": "ext://sys.stdout",
        }
    },
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # One line per socket and request is nginx's to write.
        "daphne": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL},
        "django_tasks": {"level": "WARNING" if LOG_LEVEL == "INFO" else LOG_LEVEL},
        "asyncio": {"level": "WARNING"},
        # Scanners ask for any Host: each is answered with 400, and is not worth a traceback.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
