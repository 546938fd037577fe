"""The frames a server sends, each as the JSON text that goes over the wire (docs/protocol.md)."""

import json

BATCH_BYTES = 65536  # frames that go out together are one array, up to so much


def _frame(**keys):
    return json.dumps(keys, ensure_ascii=False, separators=(",", ":"))


def size_of(frame):
    """Return the bytes that the frame's text takes on the wire."""
    return len(frame) if frame.isascii() else len(frame.encode())


def messages(frames):
    """Yield (text, bytes) of the messages that carry these frames: an array where there are several."""
    batch, size = [], 0
    for frame in frames:
        batch.append(frame)
        size += size_of(frame)
        if size >= BATCH_BYTES:
            yield _array(batch), size
            batch, size = [], 0
    if batch:
        yield _array(batch), size


def _array(frames):
    return frames[0] if len(frames) == 1 else f"[{','.join(frames)}]"


def encode(frames):
    """Return the WebSocket frames that carry these frames: final, of text, unmasked (RFC 6455, 5.2)."""
    return b"".join(_encode(text.encode()) for text, _ in messages(frames))


def _encode(payload):
    size = len(payload)
    if size < 126:
        return b"\x81" + size.to_bytes(1, "big") + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Batch:
    """Frames for many sockets, encoded once."""

    def __init__(self, frames):
        self.frames, self.data = frames, encode(frames)


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
