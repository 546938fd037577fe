"""Frames that come in: what they hold, or what is wrong with them in words (docs/protocol.md)."""

import json

from .kinds import Refused


def parse(text):
    """Return the frame of a message as a dict with a `type`; raises Refused with what is wrong with it."""
    try:
        frame = json.loads(text)
        if "\\u" in text:
            json.dumps(frame, ensure_ascii=False).encode()  # half a character cannot be kept or sent
    except (TypeError, ValueError, RecursionError):
        raise Refused("bad_frame", "This is not a text frame of JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise Refused("bad_frame", "A frame is a JSON object with a type.")
    return frame


def parse_cursors(streams):
    """Return {key: (epoch, seq)} of a resume; raises Refused where the shape is wrong."""
    if not isinstance(streams, dict):
        raise Refused("bad_frame", "resume needs streams.")
    cursors = {}
    for key, cursor in streams.items():
        epoch, seq = (cursor.get("epoch"), cursor.get("seq")) if isinstance(cursor, dict) else (None, None)
        if not isinstance(epoch, str) or type(seq) is not int or not 0 <= seq < 2**63:
            raise Refused("bad_frame", "Each stream of a resume needs an epoch and a seq.")
        cursors[key] = (epoch, seq)
    return cursors
