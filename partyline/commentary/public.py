"""Say what a URL means, and whether what it leads to is public: the half of fetching that refuses."""

import re
import socket
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from django.conf import settings

URL_LIMIT = 500  # characters
DEFAULT_PORT = {"http": 80, "https": 443}
PORTS = {80, 443, 8080, 8443}  # no other at hosts that the operator has not named
HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
GLOBAL_IPV6 = ip_network("2000::/3")
# What Python calls global, at least in some of its versions: for protocols, documentation, 6to4.
NOBODYS = [
    ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
]


class CannotFetch(Exception):
    """Why not, in words for people."""


class Target(NamedTuple):
    """A URL's parts, as they are used."""

    scheme: str
    host: str
    port: int
    path: str


def taken_apart(url):
    """Return the Target of a URL; raises CannotFetch where it is no plain address of the web."""
    if len(url) > URL_LIMIT:
        raise CannotFetch(f"The address is longer than {URL_LIMIT} characters.")
    if re.search(r"[\x00-\x20\x7f\\\ud800-\udfff]", url):
        raise CannotFetch("The address has a blank or another sign that no address has.")
    try:
        parts = urlsplit(url)
        host, port = _plain(parts.hostname or ""), parts.port
    except ValueError:  # UnicodeError too
        raise CannotFetch("This is not an address of the web.") from None
    if parts.scheme not in ("http", "https"):
        raise CannotFetch("An address begins with http:// or https://.")
    if "@" in parts.netloc:
        raise CannotFetch("An address with a name or password in it is not fetched.")
    if not host:
        raise CannotFetch("This is not an address of the web.")
    port = DEFAULT_PORT[parts.scheme] if port is None else port
    if port not in PORTS and not may_be_private(host):
        raise CannotFetch(f"Port {port} is not one of the web's.")
    path = quote(parts.path or "/", safe="/%:;=&+$,!~*'()@")
    query = quote(parts.query, safe="/%:;=&+$,!~*'()@?[]")
    return Target(parts.scheme, host, port, f"{path}?{query}" if query else path)


def _plain(host):
    """Return a host's name in ASCII, small, without the root's dot; "" where it is none."""
    if ":" in host:
        return str(ip_address(host)) if "%" not in host else ""
    host = host.removesuffix(".").encode("idna").decode().lower() if host != "." else ""
    return host if HOST.fullmatch(host) else ""


def may_be_private(host):
    """Tell whether the operator has named this host."""
    return host in settings.FEED_PRIVATE_HOSTS


def is_public(address):
    """Tell whether the address (text) is anybody's on the Internet, and nobody's else."""
    address = ip_address(address)
    # Whatever else stands for an IPv4 address (::ffff:0:0/96, 64:ff9b::/96 …) is outside of 2000::/3.
    if address.version == 6 and address not in GLOBAL_IPV6 or address.is_multicast or address.is_reserved:
        return False
    return address.is_global and not any(address in network for network in NOBODYS)


def addresses(host, port):
    """Return the addresses of the host, all of which may be asked; raises CannotFetch."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise CannotFetch("There is no such host.") from None
    found = list(dict.fromkeys(row[4][0] for row in rows))
    if not may_be_private(host) and not all(map(is_public, found)):
        raise CannotFetch("This host is not a public one.")
    return found
