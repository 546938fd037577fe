"""Set the app up."""

from django.apps import AppConfig


class RoomsConfig(AppConfig):
    """Chat rooms."""

    name = "partyline.rooms"

    def ready(self):
        from partyline.live.kinds import register

        from . import handlers

        register(handlers.KIND)
