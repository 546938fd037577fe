"""Set the app up."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The site's own live page."""

    name = "partyline.dashboard"

    def ready(self):
        from partyline.live.kinds import register

        from . import handlers

        register(handlers.KIND)
