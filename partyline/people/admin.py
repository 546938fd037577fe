"""People in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .forms import PersonCreationForm
from .models import Person


@admin.register(Person)
class PersonAdmin(UserAdmin):
    """Django's own, with guests told apart."""

    add_form = PersonCreationForm
    list_display = ["username", "is_guest", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_guest", "is_staff", "is_active"]
