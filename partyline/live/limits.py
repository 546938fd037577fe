"""What one person and one address may do in a time, over all processes; above it the answer is "not now"."""

from ipaddress import ip_address

from django.conf import settings

from .kinds import Refused
from .presence import PROCESS
from .store import store

PERSON = "You are writing faster than we can send: it goes out by itself in a moment."
ADDRESS = "More comes from your network than we can send: it goes out by itself in a moment."
FORM = "That was too fast: wait a moment, then send it again."


def address_of(host):
    """Return what an address is counted as: itself, or its /64 where it is IPv6; "" where it is none."""
    try:
        address = ip_address(host or "")
    except ValueError:  # a unix socket without a proxy in front
        return ""
    if address.version == 6 and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if address.version == 4 else f"{int(address) >> 64:x}"


def check(person=None, address="", times=1):
    """Count so many deeds of the person (id) and of the address; raises Refused `too_fast` above a limit."""
    limits = {
        f"limit:person:{person}": person and settings.WS_PERSON_PER_SECOND,
        f"limit:address:{address}": address and settings.WS_ADDRESS_PER_SECOND,
    }
    rates = {key: rate / times for key, rate in limits.items() if rate}
    full = rates and store().counters.take(rates)
    if full:
        raise Refused("too_fast", PERSON if full.startswith("limit:person:") else ADDRESS)


def check_each(asked):
    """Count for each (address, times); return the Refused of each, or None."""
    rate, refusals = settings.WS_ADDRESS_PER_SECOND, [None] * len(asked)
    counted = [number for number, (address, _) in enumerate(asked) if address and rate]
    rates = [{f"limit:address:{asked[number][0]}": rate / asked[number][1]} for number in counted]
    for number, full in zip(counted, store().counters.take_each(rates) if rates else (), strict=True):
        refusals[number] = Refused("too_fast", ADDRESS) if full else None
    return refusals


def too_fast(request, form):
    """Count a POST that acts; tell whether it comes too fast, and then say so in the form."""
    host = request.META.get("HTTP_X_FORWARDED_FOR") or request.META.get("REMOTE_ADDR")  # nginx overwrites it
    try:
        check(request.user.pk, address_of(host))
    except Refused:
        form.add_error(None, FORM)
        return True
    return False


def enter_each(entering):
    """Count each (person's id, socket); tell False for those who have too many. A page that moves has two."""
    most = settings.WS_SOCKETS_PER_PERSON * 2
    held = [(f"sockets:{person}", name_of(socket)) for person, socket in entering if person and most]
    answers = iter(store().counters.hold_each(held, most) if held else ())
    return [not (person and most) or next(answers) for person, _ in entering]


def renew(sockets):
    """Count these open sockets for a while longer; those of a killed process are forgotten.

    One that has gone since they were listed may have been given back already: it stays so.
    """
    if settings.WS_SOCKETS_PER_PERSON:
        alive = [socket for socket in sockets if socket.person.pk and not socket.dead]
        store().counters.renew([(f"sockets:{socket.person.pk}", name_of(socket)) for socket in alive])


def leave_each(leaving):
    """Count each (person's id, socket) no longer."""
    if settings.WS_SOCKETS_PER_PERSON:
        store().counters.release([(f"sockets:{person}", name_of(socket)) for person, socket in leaving])
    return [None] * len(leaving)


def name_of(socket):
    """Return a name that no other open socket of any process has."""
    return f"{PROCESS}/{id(socket):x}"
