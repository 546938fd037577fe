"""A Redis of one test's own, which may be hung, killed, flushed and started again."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from channels.layers import channel_layers
from django.test import override_settings

from partyline.live.store import store
from tests.site import end, until

MISSING = (
    ""
    if shutil.which("redis-server")
    else "redis-server is not on this machine: apt-get install redis-server"
)


class Redis:
    """A server on a unix socket; it keeps nothing on disk, as the stack's own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="partyline-redis-"))
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self):
        command = [
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            self.socket,
            "--save",
            "",
            "--dir",
            self.folder,
        ]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
        until(lambda: self.cli("ping") == "PONG", "Redis answers")

    def cli(self, *words):
        command = ["redis-cli", "-s", str(self.socket), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.strip()

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)

    def close(self):
        if self.process.poll() is None:
            self.go_on()
            end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def forget():
    """Have what this process keeps of a Redis made anew, as the settings are now."""
    store.cache_clear()
    channel_layers.backends.clear()


@pytest.fixture
def own_redis():
    """Lead this process to a Redis of its own, whatever TEST_STORES says."""
    server = Redis()
    host = {
        "address": server.url,
        "socket_timeout": 15,
        "socket_connect_timeout": 2,
        "health_check_interval": 10,
    }
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [host]}}
    with override_settings(REDIS_URL=server.url, REDIS_PASSWORD="", CHANNEL_LAYERS={"default": layer}):
        forget()
        yield server
    forget()  # not before: a thread that announces this process may ask for the store at any moment
    server.close()
