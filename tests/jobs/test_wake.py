"""A listener has a method for each `type` of message, as Channels' worker consumers do; nothing harms it."""

import pytest
from job_tools import until

from partyline.live import wake

HERE = "test"


class Listener(wake.Consumer):
    channel = HERE

    def __init__(self):
        self.heard = []

    def thing_ready(self, message):
        self.heard.append(message)

    def thing_broken(self, message):
        raise ZeroDivisionError

    def _private(self, message):
        self.heard.append("private")


@pytest.fixture
def listener(monkeypatch):
    from channels.layers import InMemoryChannelLayer

    layer = InMemoryChannelLayer()
    for module in ["partyline.live.wake", "partyline.live.notices"]:
        monkeypatch.setattr(f"{module}.get_channel_layer", lambda: layer)
    listener = Listener()
    listener.layer = layer
    listening = listener.listen()
    until(lambda: layer.groups)
    yield listener
    listening.cancel()


def test_it_works(listener):
    wake.send(HERE, "thing.ready", number=7)
    until(lambda: listener.heard == [{"type": "thing.ready", "number": 7}])


def test_what_it_does_not_know_or_cannot_do_harms_nothing(listener):
    for type in ["thing.of_another_release", "thing.broken", "_private", "_dispatch"]:
        wake.send(HERE, type)
    wake.send("elsewhere", "thing.ready")
    wake.send(HERE, "thing.ready", last=True)
    until(lambda: listener.heard)
    assert listener.heard == [{"type": "thing.ready", "last": True}]


def test_a_layer_that_breaks_is_joined_again(listener, monkeypatch):
    monkeypatch.setattr(wake, "RETRY_SECONDS", 0.05)
    receive = listener.layer.receive

    async def broken(channel):
        monkeypatch.setattr(listener.layer, "receive", receive)
        raise OSError("away")

    monkeypatch.setattr(listener.layer, "receive", broken)
    wake.send(HERE, "thing.ready", number=1)  # the listener receives it, and then finds the layer broken
    until(lambda: listener.layer.receive == receive)
    again = {"type": "thing.ready", "number": 2}
    until(lambda: wake.send(HERE, **again) or again in listener.heard)
