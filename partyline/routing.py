"""What the ws service serves: sockets at /ws/live/, probes, and nothing else; never a page."""

import asyncio
import json
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
get_asgi_application()  # sets Django's apps up

from partyline import health  # noqa: E402
from partyline.live import pool  # noqa: E402
from partyline.live.consumer import LiveConsumer  # noqa: E402


async def websocket(scope, receive, send):
    """Route a socket by its path; any other path than /ws/live/ is refused."""
    if scope["path"] == "/ws/live/":
        await LiveConsumer()(scope, receive, send)
    else:
        await send({"type": "websocket.close"})


async def readiness():
    """Return the report of /readyz; a database that hangs is as good as away."""
    try:
        return await asyncio.wait_for(pool.run_probe(health.report, "/readyz"), 3)
    except TimeoutError:
        return health.unanswered()


async def http(scope, receive, send):
    """Answer the probes; everything else learns that this is for sockets."""
    if scope["path"] == "/healthz" or scope["path"] == "/readyz" and health.draining:
        status, body = health.report(scope["path"])  # asks nothing and nobody
    elif scope["path"] == "/readyz":
        status, body = await readiness()
    elif scope["path"] == "/ws/live/":
        status, body = 426, {"error": "This address takes WebSockets only."}
    else:
        status, body = 404, {"error": "Nothing is here."}
    body = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 426:
        headers.append((b"upgrade", b"websocket"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def sockets(scope, receive, send):
    """Route by the protocol."""
    await {"http": http, "websocket": websocket}[scope["type"]](scope, receive, send)
