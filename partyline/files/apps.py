"""Set up the files' app."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """The tables behind DatabaseStorage."""

    name = "partyline.files"
