"""Thousands of sockets come and go, some of them rudely, and no object and no memory stays."""

import json
import signal
import struct
import sys
from pathlib import Path

import pytest

from tests.site import until

from . import test_server
from .test_server import KEY, Server, database, raw_page  # noqa: F401 - a fixture

AT_ONCE = 50
TELLS = """
import gc, os, signal, sys
def tell(*_):
    with open("/proc/self/status") as status, open(sys.argv[1] + ".part", "w") as out:
        resident = next(line.split()[1] for line in status if line.startswith("VmRSS"))
        print(len(gc.get_objects()), resident, file=out)
    os.replace(sys.argv[1] + ".part", sys.argv[1])
signal.signal(signal.SIGUSR1, tell)
from partyline.live.server import main
main(sys.argv[2:])
"""


class Telling(Server):
    """A ws server that tells how much it holds."""

    @property
    def command(self):
        return [sys.executable, "-c", TELLS, f"{self.path}.told", "-e", f"unix:{self.path}"]

    def holds(self):
        """Return (objects, KiB of memory)."""
        told = Path(f"{self.path}.told")
        told.unlink(missing_ok=True)
        self.process.send_signal(signal.SIGUSR1)
        until(told.exists, "it tells")
        return tuple(map(int, told.read_text().split()))


@pytest.fixture
def server(tmp_path, database, monkeypatch):  # noqa: F811
    monkeypatch.setitem(test_server.ENV, "WS_ADDRESS_PER_SECOND", "0")
    server = Telling(tmp_path, database)
    yield server
    server.process.kill()
    server.process.wait()


def come_and_go(server, count):
    """Open so many sockets that read a stream, and end them: with a close frame, without one, by a reset."""
    text = json.dumps({"type": "resume", "streams": {KEY: {"epoch": "", "seq": 0}}}).encode()
    resume = struct.pack("!BBI", 0x81, 0x80 | len(text), 0) + text
    for _ in range(count // AT_ONCE):
        pages = [raw_page(server) for _ in range(AT_ONCE)]
        for page in pages:
            page.sendall(resume)
        for page in pages:
            found = b""
            while b'"resumed"' not in found:
                found += (more := page.recv(4096))
                assert more
        for number, page in enumerate(pages):
            if number % 3 == 0:
                page.sendall(b"\x88\x80\0\0\0\0")
            elif number % 3 == 1:
                page.shutdown(2)
            page.close()


def test_nothing_grows(server):
    come_and_go(server, 500)
    objects, memory = before = server.holds()
    come_and_go(server, 2000)

    def is_as_before():
        after = server.holds()
        # Less than half an object, and 2 KiB, for each that came.
        return after[0] < objects + 1000 and after[1] < memory + 4000

    until(is_as_before, f"it holds what it held before, {before} (objects, KiB)")
