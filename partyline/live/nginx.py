"""nginx, announced on its behalf: it runs no code of ours, but tells its connections to who asks."""

import http.client
import logging
import socket
import threading
import time
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from . import processes
from .store import Away, store

log = logging.getLogger(__name__)

PATIENCE = 1  # seconds that one nginx may take to answer
TURN_SECONDS = 1.5  # less than EVERY, or a worker alone would miss every other one
STATES = "active", "reading", "writing", "waiting"
METRIC = "partyline_nginx_connections"


def look(place):
    """Ask every nginx behind this name, one at each of its addresses, and announce those that answer.

    Their lines go on from what was announced last, whoever that did. Raises Away.
    """
    lines = {each.name: each.history.get("active", []) for each in processes.processes("nginx")}
    for address in addresses(place):
        try:
            numbers = ask(address)
        except (OSError, ValueError, http.client.HTTPException) as error:
            log.debug("nginx at %s does not tell its connections: %r", address, error)
            continue
        line = [*lines.get(address, []), numbers["active"]][-processes.SAMPLES :]
        history = {"history": {"active": line}}
        processes.tell(processes.Process("nginx", address, 0, True, numbers | history))


def addresses(place):
    """Return the addresses behind host:port, as host:port each; a socket's, unix:/path, is one itself."""
    if place.startswith("unix:"):
        return [place]
    parts = urlsplit(f"//{place}")
    found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    hosts = sorted({sockaddr[0] for *_, sockaddr in found})
    return [f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}" for host in hosts]


def ask(address):
    """Return {state: connections} of one nginx; raises OSError, ValueError or HTTPException."""
    parts = urlsplit("//localhost:80" if address.startswith("unix:") else f"//{address}")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    try:
        if address.startswith("unix:"):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(PATIENCE)
            connection.sock.connect(address.removeprefix("unix:"))
        connection.request("GET", "/metrics")
        families = list(text_string_to_metric_families(connection.getresponse().read().decode()))
    finally:
        connection.close()
    samples = [s for family in families for s in family.samples if s.name == METRIC]
    found = {s.labels["state"]: int(s.value) for s in samples if s.labels.get("state") in STATES}
    if found.keys() != set(STATES):
        raise ValueError(f"These are not nginx's numbers: {sorted(found)}")
    return found


def announce(place):
    """Announce the nginx of this name from now on, from a thread; an empty name: none is shown."""
    if place:
        threading.Thread(target=_announce, args=(place,), name="nginx", daemon=True).start()


def _announce(place):
    while True:
        try:
            if store().turn(f"nginx {place}", TURN_SECONDS):  # of all workers one looks
                look(place)
        except (OSError, Away) as error:  # its name is not known, or Redis is away
            log.debug("nginx is not announced: %r", error)
        except Exception:
            log.exception("nginx could not be announced")
        time.sleep(processes.EVERY)
