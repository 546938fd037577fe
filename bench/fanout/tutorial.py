"""The chat of Channels' tutorial, rewritten asynchronously (its part 3), without its pages and accounts.

https://channels.readthedocs.io/en/stable/tutorial/part_3.html. LAYER names its channel layer. The time-out
keeps redis-py from closing idle sockets (django/channels_redis#422); its pool has room for many at once.
"""

import json
import os

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

LAYERS = {"core": "core.RedisChannelLayer", "pubsub": "pubsub.RedisPubSubChannelLayer"}
HOST = {"address": os.environ["REDIS_URL"], "socket_timeout": 15, "max_connections": 5000}

settings.configure(
    SECRET_KEY="only-for-the-bench",  # noqa: S106
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": f"channels_redis.{LAYERS[os.environ['LAYER']]}",
            "CONFIG": {"hosts": [HOST]},
        }
    },
)
django.setup()


def group_of(room):
    return f"chat_{room}"


def event(text):
    return {"type": "chat.message", "message": text}


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        self.room_group_name = group_of(self.scope["url_route"]["kwargs"]["room_name"])
        await self.channel_layer.group_add(self.room_group_name, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await self.channel_layer.group_discard(self.room_group_name, self.channel_name)

    async def chat_message(self, event):
        await self.send(text_data=json.dumps({"message": event["message"]}))


routes = URLRouter([path("ws/chat/<int:room_name>/", ChatConsumer.as_asgi())])
application = ProtocolTypeRouter({"websocket": routes})
