"""The processes as the operators' page shows them: a table for each service, a row for each process."""

from collections import Counter

from partyline.live.processes import EVERY
from partyline.live.processes import SAMPLES as LINE

from . import words
from .sparkline import sparkline

PERIOD = f"last {EVERY * LINE // 60} minutes"
# service → [(number's name, its column, how it is written)]; of those with a history a line is drawn
COLUMNS = {
    "nginx": [
        ("active", "Connections", words.count),
        ("reading", "Reading", words.count),
        ("writing", "Writing", words.count),
        ("waiting", "Idle", words.count),
    ],
    "web": [
        ("requests", "Requests/s", words.rate),
        ("mean", "Mean", words.milliseconds),
        ("p95", "95 % within", words.milliseconds),
    ],
    "ws": [
        ("sockets", "Sockets", words.count),
        ("streams", "Streams", words.count),
        ("entries", "Entries/s", words.rate),
        ("deliveries", "Deliveries/s", words.rate),
        ("owed", "Owed", words.size),
        ("cut", "Cut", words.count),
        ("resumes", "Resumes", words.count),
        ("resets", "Resets", words.count),
    ],
    "worker": [
        ("jobs", "Jobs/s", words.rate),
        ("running", "Running", words.count),
        ("concurrency", "At most", words.count),
    ],
}


def sections(found, now):
    """Return [{service, columns, rows}] of all services, also of those of which no process is known.

    A process keeps its place while it lives: one that comes later stands below.
    """
    newest, result = target(found), []
    for service, columns in COLUMNS.items():
        of_it = sorted((each for each in found if each.service == service), key=lambda p: (p.started, p.name))
        rows = [row(each, columns, newest, now) for each in of_it]
        result.append({"service": service, "columns": [label for _, label, _ in columns], "rows": rows})
    return result


def row(process, columns, newest, now):
    """Return what the page says of a process; `newest` is the version that it should have."""
    return {
        "name": process.name,
        "cells": [cell(process, *column) for column in columns],
        "version": process.version,
        "is_other": bool(process.version) and process.version != newest,
        "up": words.span(now - process.started),
        "state": state(process),
    }


def cell(process, number, label, write):
    """Return {label, value, line} of one number; the line is None where it has no history."""
    line = process.history.get(number)
    return {
        "label": label,
        "value": write(process.numbers.get(number)),
        "line": line and sparkline(line, LINE, PERIOD, write),
    }


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
