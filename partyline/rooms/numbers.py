"""What the public dashboard tells of the rooms; both questions read a stretch of one index."""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from .models import Message

ACTIVE_MINUTES = 10  # a room is active for so long after something was said


def rooms_active():
    """Return in how many rooms something was said lately."""
    return since(minutes=ACTIVE_MINUTES).aggregate(rooms=Count("room", distinct=True))["rooms"]


def messages_per_minute():
    """Return how many messages the last minute brought."""
    return since(minutes=1).count()


def since(minutes):
    """Return the messages of the last minutes."""
    return Message.objects.filter(created__gte=timezone.now() - timedelta(minutes=minutes))


NUMBERS = {"Rooms active": rooms_active, "Messages per minute": messages_per_minute}
