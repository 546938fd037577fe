"""The whole site as one ASGI application: for `make run`, and for any ASGI server."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
pages = get_asgi_application()

from partyline.routing import websocket  # noqa: E402 - needs Django's apps

application = ProtocolTypeRouter({"http": pages, "websocket": websocket})
