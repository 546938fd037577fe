"""What a client has sent and the application has not looked at: an ASGI server's `receive`, with an end."""

import asyncio

MAX_WAITING = 524288  # bytes from a client that the application has not looked at yet
MESSAGE_WEIGHT = 512  # bytes that a message costs besides its text


class Inbox:
    """A queue that pauses its connection while it holds more than MAX_WAITING bytes: Daphne's own never does.

    It has one reader, and is far smaller than asyncio's.
    """

    __slots__ = ("messages", "reader", "transport", "weight")

    def __init__(self, transport):
        self.transport = transport
        self.messages, self.weight = [], 0
        self.reader = None  # the future of who waits

    def put_nowait(self, message):
        """Take a message; Daphne calls this."""
        self.messages.append(message)
        self.weight += _weight(message)
        if self.weight > MAX_WAITING:
            self.transport.pauseProducing()
        if self.reader and not self.reader.done():
            self.reader.set_result(None)

    async def get(self):
        """Return the next message; the application calls this."""
        while not self.messages:
            self.reader = asyncio.get_running_loop().create_future()
            await self.reader
        self.reader = None
        message = self.messages.pop(0)
        before, self.weight = self.weight, self.weight - _weight(message)
        if before > MAX_WAITING >= self.weight:
            self.transport.resumeProducing()
        return message


def _weight(message):
    return MESSAGE_WEIGHT + len(message.get("text") or message.get("bytes") or "")
