"""Set up the jobs' app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Work outside requests, and each person's private stream that shows it."""

    name = "partyline.jobs"

    def ready(self):
        """Register the private streams, `me:<id>`: only their person sees one."""
        from partyline.live.kinds import Kind, register

        from . import pages

        register(Kind("me", may_see=pages.is_own, states={"jobs": pages.jobs_html}))
