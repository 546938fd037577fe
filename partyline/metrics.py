"""What a process tells about itself in Prometheus' format, on a port of its own that nginx never routes to.

Each floor defines its metrics beside what they count; here are those of every process. web has several
processes behind one port: with PROMETHEUS_MULTIPROC_DIR set, they count in files there, and the port tells
their sums.
"""

import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

from django.conf import settings
from django.db import connections
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

log = logging.getLogger(__name__)

UNANSWERED = Counter(
    "partyline_unanswered", "Questions that the database or Redis did not answer, or not in time.", ["by"]
)
REQUESTS = Histogram(
    "partyline_http_request_seconds",
    "From a request's arrival in the site until its answer is made.",
    ["view", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
for name in ("database", "redis"):
    UNANSWERED.labels(name)  # told from the start, as 0


class MetricsMiddleware:
    """Time every request, by the name of its view and the first digit of its status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        began, status = time.perf_counter(), 500
        try:
            response = self.get_response(request)
            status = response.status_code
            return response
        finally:
            match = request.resolver_match
            view = match.view_name if match else "none"
            REQUESTS.labels(view, f"{status // 100}xx").observe(time.perf_counter() - began)


class Server(ThreadingHTTPServer):
    """One thread per question; none of them keeps the process from ending."""

    daemon_threads = True

    def __init__(self, address, is_alive):
        self.is_alive = is_alive
        super().__init__(address, Handler)

    def server_bind(self):
        """Bind without looking up our own name, as HTTPServer does: a DNS that is away would hold it up."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        log.debug("%s went while it was answered", client_address, exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """GET /metrics, and /healthz for a process that no other port asks."""

    timeout = 10  # seconds

    def do_GET(self):
        path, status, content_type = self.path.partition("?")[0], 200, "text/plain; charset=utf-8"
        if path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept"))
            body = encode(registry())
            connections.close_all()  # a collector may have asked the database, and this thread ends
        elif path == "/healthz":
            status, body = (200, b"alive\n") if self.server.is_alive() else (503, b"stuck\n")
        else:
            status, body = 404, b"Here are /metrics and /healthz.\n"
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing: a scraper comes every few seconds."""


def registry():
    """Return what this process counts; of several that share a port, the sum."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    sums = CollectorRegistry()
    MultiProcessCollector(sums)
    return sums


def serve(is_alive=lambda: True):
    """Answer at METRICS_BIND, in a thread; where that is empty or taken the process goes on without.

    Returns the Server, or None.
    """
    if not settings.METRICS_BIND:
        return None
    host, _, port = settings.METRICS_BIND.rpartition(":")
    try:
        server = Server((host.strip("[]"), int(port)), is_alive)
    except OSError as error:
        log.warning("No metrics are told at %s: %s", settings.METRICS_BIND, error)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
