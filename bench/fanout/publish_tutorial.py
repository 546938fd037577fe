"""Publish as the tutorial does, by group_send, from a process of its own."""

import asyncio

from channels.layers import get_channel_layer

from . import tutorial
from .publishing import serve

if __name__ == "__main__":
    loop, layer = asyncio.new_event_loop(), get_channel_layer()

    def publish(room, text):
        loop.run_until_complete(layer.group_send(tutorial.group_of(room), tutorial.event(text)))

    serve(publish)
