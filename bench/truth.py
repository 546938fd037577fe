"""What the database holds of a drill: the truth that every page is compared with."""

import uuid
from dataclasses import dataclass, field


@dataclass
class Message:
    """A row: its number is its id; `text` is None where it was removed."""

    number: int
    client_id: str
    text: str | None


@dataclass
class Truth:
    """By stream key: messages in their order, the head, the log's entries [(seq, thing, amends)]."""

    messages: dict = field(default_factory=dict)
    heads: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)


def read(stack, rooms):
    """Return the Truth about these rooms (ids)."""
    ids = ", ".join(map(str, map(int, rooms)))
    keys = ", ".join(f"'room:{int(id)}'" for id in rooms)
    truth = Truth({f"room:{id}": [] for id in rooms}, {}, {f"room:{id}": [] for id in rooms})
    messages = "SELECT id, room_id, client_id, text, CASE WHEN removed IS NULL THEN '' ELSE 'removed' END"
    for id, room, client_id, text, removed in stack.rows(
        f"{messages} FROM rooms_message WHERE room_id IN ({ids}) ORDER BY id"
    ):
        row = Message(int(id), str(uuid.UUID(client_id)), None if removed else text)
        truth.messages[f"room:{room}"].append(row)
    for key, head in stack.rows(f"SELECT key, head FROM live_stream WHERE key IN ({keys})"):  # noqa: S608
        truth.heads[key] = int(head)
    entries = "SELECT stream_id, seq, thing, CASE WHEN amends THEN 'amends' ELSE '' END FROM live_entry"
    for key, seq, thing, amends in stack.rows(f"{entries} WHERE stream_id IN ({keys}) ORDER BY seq"):
        truth.entries[key].append((int(seq), thing, bool(amends)))
    return truth


def heads(stack, rooms):
    """Return {key: head} of these rooms' streams."""
    keys = ", ".join(f"'room:{int(id)}'" for id in rooms)
    rows = stack.rows(f"SELECT key, head FROM live_stream WHERE key IN ({keys})")  # noqa: S608
    return {key: int(head) for key, head in rows}
