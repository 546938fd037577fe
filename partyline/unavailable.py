"""A database that does not answer is told to people in words, and what they sent is not lost."""

import logging
from select import POLLIN, poll

from django.db import InterfaceError, OperationalError, connections
from django.http import HttpResponse
from django.template.loader import render_to_string

from partyline.metrics import UNANSWERED

log = logging.getLogger(__name__)


class UnavailableMiddleware:
    """Answer 503 with a page that can send the same form again; its client_id makes that safe."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        spare_questions()
        return self.get_response(request)

    def process_exception(self, request, exception):
        """Return the page for a view that found no database; it is rendered without one."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        UNANSWERED.labels("database").inc()
        log.warning("The database does not answer at %s: %s", request.path, str(exception).strip())
        again = request.POST.items() if "client_id" in request.POST else ()
        page = render_to_string("503.html", {"path": request.path, "fields": list(again)})
        return HttpResponse(page, status=503, headers={"Retry-After": "3"})


def spare_questions():
    """Have Django ask no connection whether it lives (CONN_HEALTH_CHECKS) that shows no sign of its end.

    That is a statement of each request, as dear as a look-up. Whoever closes a connection, or dies with it,
    leaves something to be read on it: only then it is asked.
    """
    for connection in connections.all(initialized_only=True):
        if (
            connection.vendor == "postgresql"
            and connection.connection
            and not _has_news(connection.connection)
        ):
            connection.health_check_done = True


def _has_news(driver):
    if driver.closed:
        return True
    news = poll()
    news.register(driver.fileno(), POLLIN)
    return bool(news.poll(0))
