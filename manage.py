#!/usr/bin/env python
"""Django's command line, for this project's settings."""

import os
import sys

# `run` is the one-process development mode: its defaults must stand before the settings are read.
RUN_DEFAULTS = {"DEBUG": "true", "REDIS_URL": "", "DATABASE_URL": "sqlite:///var/partyline.sqlite3"}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partyline.settings")
    if sys.argv[1:2] == ["run"]:
        for name, value in RUN_DEFAULTS.items():
            os.environ.setdefault(name, value)

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
