"""Collect feeds: what is new in them becomes notes of an event, each entry once."""

import json
import logging
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from django.db import transaction

from partyline.live.log import hold, position

from .fetch import fetch
from .models import Event
from .public import CannotFetch

AT_ONCE = 4  # feeds that are fetched at the same time
LOOK = 0.5  # seconds between two looks at whether the job is still wanted
PARSER = Path(__file__).with_name("parse_feed.py")
PARSE_SECONDS = 60  # of a busy machine; the parser itself stops after ten of the processor's
ENTRY = uuid.UUID("5b0c7f0e-8f0a-4a52-9e5b-3a7d7c1a9f10")  # the namespace of entries
log = logging.getLogger(__name__)


def fetched(urls, meanwhile):
    """Yield (url, Fetched or CannotFetch) as they come; call `meanwhile` now and then until they do."""
    todo, done = SimpleQueue(), SimpleQueue()
    for url in urls:
        todo.put(url)
    for _ in range(min(AT_ONCE, len(urls))):
        # A daemon: a worker that stops does not wait for a slow server.
        Thread(target=_fetch_all, args=(todo, done), name="feed", daemon=True).start()
    try:
        for _ in urls:
            yield _next(done, meanwhile)
    finally:
        with suppress(Empty):
            while True:
                todo.get_nowait()


def _fetch_all(todo, done):
    with suppress(Empty):
        while True:
            url = todo.get_nowait()
            try:
                found = fetch(url)
            except CannotFetch as why:
                found = why
            except Exception:
                log.exception("A feed could not be fetched.")
                found = CannotFetch("Something broke on our side.")
            done.put((url, found))


def _next(done, meanwhile):
    while True:
        try:
            return done.get(timeout=LOOK)
        except Empty:
            meanwhile()


def parsed(found):
    """Return what parse_feed makes of a Fetched; raises CannotFetch."""
    command = [sys.executable, "-I", str(PARSER), found.content_type.replace("\0", ""), found.url]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing in it is read as an option
            command, input=found.body, capture_output=True, timeout=PARSE_SECONDS, env={}
        )
    except subprocess.TimeoutExpired:
        raise CannotFetch("It takes too long to read.") from None
    if done.returncode:
        raise CannotFetch("It cannot be read, or it would take too much to.")
    feed = json.loads(done.stdout)
    if not feed["version"]:
        raise CannotFetch("It is neither Atom nor RSS.")
    return feed


def add(event, person, url, feed):
    """Make notes of a feed's entries, oldest first; return how many are new.

    Each entry comes once into an event, whoever collects, and not again after it was removed. Raises
    Event.DoesNotExist where the event has been deleted meanwhile.
    """
    position(event.key)  # so that there is a stream to hold
    return sum(_add(event, person, url, feed["title"], entry) for entry in reversed(feed["entries"]))


def _add(event, person, url, title, entry):
    text = "\n".join(part for part in (entry["title"], entry["text"]) if part)
    if entry["title"] and entry["text"].startswith(entry["title"].removesuffix("…")):
        text = entry["text"]
    client_id = uuid.uuid5(ENTRY, f"{event.pk} {_id(url, entry)}")
    with transaction.atomic():
        hold(event.key)  # as who deletes the event does
        if not Event.objects.filter(pk=event.pk).exists():
            raise Event.DoesNotExist(event.pk)
        if not text or event.notes.filter(client_id=client_id).exists():
            return False
        event.note(person, text, client_id, source_title=title, source_url=entry["url"])
    return True


def _id(url, entry):
    """Return what no other entry is called: many call theirs "1", each in its own feed."""
    own = entry["id"] or entry["url"] or entry["title"] + entry["text"]
    return own if ":" in entry["id"] else f"{url} {own}"
