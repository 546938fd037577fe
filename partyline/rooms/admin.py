"""Rooms in the admin."""

from django.contrib import admin

from .models import Room


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """Look at rooms; what is said there is changed on the site, where readers see it."""

    list_display = ["name", "owner", "is_private", "created"]
