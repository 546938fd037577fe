"""The sockets are ordinary ASGI: they work on a server that knows nothing of raw writes."""

import sys

import pytest
from websockets.exceptions import ConnectionClosed

from .test_server import KEY, Server, database, frames  # noqa: F401 - a fixture

DAPHNE = ["-m", "daphne", "-u"]
UVICORN = ["-m", "uvicorn", "--lifespan", "off", "--no-proxy-headers", "--uds"]


class Stock(Server):
    """The same application on another server."""

    def __init__(self, arguments, *args):
        self.arguments = arguments
        super().__init__(*args)

    @property
    def command(self):
        return [sys.executable, *self.arguments, self.path, "partyline.routing:sockets"]


@pytest.fixture(params=[DAPHNE, UVICORN], ids=["daphne", "uvicorn"])
def stock(request, tmp_path, database):  # noqa: F811
    server = Stock(request.param, tmp_path, database)
    yield server
    server.process.kill()
    server.process.wait()


def test_it_works(stock):
    pages = [stock.connect() for _ in range(3)]
    for page in pages:
        next(frame for frame in frames(page) if "resumed" in frame)
    stock.shell(
        "from django.db import transaction\nfrom partyline.live.log import publish\n"
        f"for n in range(300):\n  with transaction.atomic(): publish('{KEY}', f'number {{n}}')"
    )
    for page in pages:
        seqs = []
        for frame in frames(page):
            if "seq" in frame:
                seqs.append(frame["seq"])
                if frame["seq"] == 300:
                    break
        assert seqs == list(range(1, 301))
        page.close()


def test_charlie_from_elsewhere_is_refused(stock):
    with pytest.raises(Exception, match="403"):
        stock.connect(origin="http://elsewhere.example")


def test_the_application_may_close(stock):
    page = stock.connect()
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(200):
            page.send("{}")
        list(frames(page))
    assert closed.value.rcvd.code == 4429
