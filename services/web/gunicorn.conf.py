"""gunicorn's hooks; everything else about it stands in services/web/start."""


def when_ready(server):
    """Tell the metrics of all workers from the arbiter, which takes no requests."""
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
    django.setup()
    from partyline import metrics

    metrics.serve()
