"""The id of the request that something is done for: in log lines, in the answer, on its jobs."""

import re
import uuid
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
SANE = re.compile(r"[A-Za-z0-9-]{1,64}")

_current = ContextVar("request_id", default="")


def current():
    """Return the id of the request that this thread or task serves, or ''."""
    return _current.get()


def new():
    """Begin a new request here: make an id, use it from now on, return it."""
    _current.set(uuid.uuid4().hex)
    return current()


@contextmanager
def use(request_id):
    """Do something for that request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


class RequestIdMiddleware:
    """Take the proxy's X-Request-ID where it is a sane one, else make one; answer with it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.META.get("HTTP_X_REQUEST_ID", "")  # request.headers reads all of them
        with use(given if SANE.fullmatch(given) else uuid.uuid4().hex):
            response = self.get_response(request)
            response[HEADER] = current()
            return response


class RequestIdFilter:
    """Give log records their `request_id`, and `for_request`, which is " [id]" or "", for a line's format."""

    def filter(self, record):
        record.request_id = current()
        record.for_request = f" [{record.request_id}]" if record.request_id else ""
        return True
