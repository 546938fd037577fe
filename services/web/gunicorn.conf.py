"""gunicorn's hooks; everything else about it stands in services/web/start."""


def when_ready(server):
    """Tell of all workers from the arbiter, which takes no requests."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
    from partyline import web

    web.tell()
