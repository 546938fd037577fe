"""What every page knows."""

from django.conf import settings


def guests(request):
    """Tell templates whether a guest name is enough."""
    return {"guests_allowed": settings.ALLOW_GUESTS}
