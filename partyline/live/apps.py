"""Set up floor 1."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Streams, notices, the hub, presence, the consumer, the ws server, the htmx extension."""

    name = "partyline.live"

    def ready(self):
        """Connect what revokes a socket: signing out."""
        from django.contrib.auth.signals import user_logged_out

        from . import revoke

        user_logged_out.connect(revoke.signed_out)
