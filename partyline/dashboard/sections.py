"""The processes as the operators' page shows them: a table for each service, a row for each process."""

from collections import Counter

from partyline.live.processes import EVERY
from partyline.live.processes import SAMPLES as LINE

from . import words
from .sparkline import sparkline

PERIOD = f"last {EVERY * LINE // 60} minutes"
# service → ([(number's name, its column, how it is written)], the number whose line is drawn, what that is called)
COLUMNS = {
    "nginx": (
        [
            ("active", "Connections", words.count),
            ("reading", "Reading", words.count),
            ("writing", "Writing", words.count),
            ("waiting", "Idle", words.count),
        ],
        ("active", "Connections", words.count),
    ),
    "web": (
        [
            ("requests", "Requests/s", words.rate),
            ("mean", "Mean", words.milliseconds),
            ("p95", "95 %", words.milliseconds),
        ],
        ("requests", "Requests/s", words.rate),
    ),
    "ws": (
        [
            ("sockets", "Sockets", words.count),
            ("streams", "Streams", words.count),
            ("entries", "Entries/s", words.rate),
            ("deliveries", "Deliveries/s", words.rate),
            ("owed", "Owed", words.size),
            ("cut", "Cut", words.count),
            ("resumes", "Resumes", words.count),
            ("resets", "Resets", words.count),
        ],
        ("sockets", "Sockets", words.count),
    ),
    "worker": (
        [
            ("jobs", "Jobs/s", words.rate),
            ("running", "Running", words.count),
            ("concurrency", "At most", words.count),
        ],
        ("jobs", "Jobs/s", words.rate),
    ),
}


def sections(found, now):
    """Return [{service, columns, line, rows}], all services, also those of which no process is known.

    A process keeps its place while it lives: one that comes later stands below.
    """
    newest = target(found)
    result = []
    for service, (columns, (name, label, write)) in COLUMNS.items():
        of_it = sorted((each for each in found if each.service == service), key=lambda p: (p.started, p.name))
        result.append(
            {
                "service": service,
                "columns": [label for _, label, _ in columns],
                "line": label,
                "rows": [
                    {
                        "name": each.name,
                        "cells": [
                            (label, write(each.numbers.get(number))) for number, label, write in columns
                        ],
                        "line": sparkline(each.history.get(name, []), LINE, PERIOD, write),
                        "version": each.version,
                        "is_other": bool(each.version) and each.version != newest,
                        "up": words.span(now - each.started) if each.started else "",
                        "state": state(each),
                    }
                    for each in of_it
                ],
            }
        )
    return result


def state(process):
    """Return what a process does, in a word."""
    if process.numbers.get("draining"):
        return "draining"
    return "serving" if process.takes else "starting"


def target(found):
    """Return the version of the process that started last: the others are to become that."""
    told = [each for each in found if each.version]
    return max(told, key=lambda each: each.started).version if told else ""


def versions(found):
    """Return [(version, how many processes run it)], the newest first, where there is more than one."""
    counted = Counter(each.version for each in found if each.version)
    newest = target(found)
    return sorted(counted.items(), key=lambda pair: pair[0] != newest) if len(counted) > 1 else []
