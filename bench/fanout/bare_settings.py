"""Our settings for `bare`."""

from partyline.settings import *  # noqa: F403
from partyline.settings import DATABASES

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES["default"]["CONN_HEALTH_CHECKS"] = False  # Django's default: a statement less of each request
