"""Rooms in the admin."""

from django.contrib import admin

from .models import Room


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """Look at rooms; what is said there is changed on the site, where readers see it."""

    list_display = ["name", "owner", "is_private", "created"]

    def delete_queryset(self, request, queryset):
        """Delete several one by one: each holds its stream first."""
        for room in queryset:
            room.delete()
