"""Set the app up."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Who people are: sign up, sign in, guests."""

    name = "partyline.people"
