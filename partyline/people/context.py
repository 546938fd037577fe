"""What every page knows."""

from django.conf import settings


def guests(request):
    """Tell templates whether a guest name is enough, and whether the site sends mail."""
    return {"guests_allowed": settings.ALLOW_GUESTS, "sends_mail": settings.SENDS_MAIL}
