"""The frames a server sends, each as the JSON text that goes over the wire (docs/protocol.md)."""

import json


def _frame(**keys):
    return json.dumps(keys, ensure_ascii=False, separators=(",", ":"))


def size_of(frame):
    """Return the bytes that the frame's text takes on the wire."""
    return len(frame) if frame.isascii() else len(frame.encode())


def entry(stream, seq, html, client_id=""):
    """Return the frame of one entry."""
    if client_id:
        return _frame(stream=stream, seq=seq, html=html, client_id=client_id)
    return _frame(stream=stream, seq=seq, html=html)


def state(stream, name, v, html):
    """Return the frame of a named piece of state."""
    return _frame(stream=stream, state=name, v=v, html=html)


def resumed(stream, epoch, head):
    """Return: all that you lacked has been sent."""
    return _frame(stream=stream, resumed={"epoch": epoch, "head": head})


def reset(stream, epoch, head):
    """Return: the log does not reach back to you."""
    return _frame(stream=stream, reset={"epoch": epoch, "head": head})


def refused(stream):
    """Return: you may not, or no longer, see this stream."""
    return _frame(stream=stream, refused="not_allowed")


def done(client_id):
    """Return: it is committed."""
    return _frame(done=client_id)


def failed(client_id, code, message):
    """Return: it was not done, and why, in words for people."""
    return _frame(failed=client_id, code=code, message=message)


def error(code, message):
    """Return the answer to a frame that has no client_id."""
    return _frame(error=code, message=message)


def move(within):
    """Return: open a new socket at a random moment within so many seconds."""
    return _frame(move={"within": within})
