"""Set the app up."""

from django.apps import AppConfig


class CommentaryConfig(AppConfig):
    """Live commentary of events."""

    name = "partyline.commentary"

    def ready(self):
        from partyline.live.kinds import register

        from . import handlers

        register(handlers.KIND)
