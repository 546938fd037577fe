"""Set the app up."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The site's own live pages: its numbers for everybody, its processes for operators."""

    name = "partyline.dashboard"

    def ready(self):
        """Register their streams."""
        from partyline.live.kinds import register

        from . import public, stack

        register(public.KIND)
        register(stack.KIND)
