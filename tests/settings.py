"""The site's settings for tests: TEST_STORES=sqlite (in one process) or postgres (with a real Redis)."""

import os
import tempfile

from tests import servers

GIVEN = dict(os.environ)  # for tests that run `make`: without what follows
os.environ |= {"DEBUG": "false", "HTTPS": "false", "SECRET_KEY": "only-for-tests", "CONN_MAX_AGE": "0"}
os.environ |= servers.environment(os.environ.get("TEST_STORES", "sqlite"))

from partyline.settings import *  # noqa: E402, F403
from partyline.settings import DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and other processes work on it too.
    DATABASES["default"]["TEST"] = {"NAME": tempfile.mkdtemp(prefix="partyline-test-") + "/test.sqlite3"}
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
