"""Bring the programs that the live tests drive: installed as root on Debian, else named as missing."""

import sys
from pathlib import Path

from common import Failed, say
from packages import can_install, found, need

PROGRAMS = {
    "nginx": "nginx",
    "redis-server": "redis-server",
    "postgres": "postgresql",
    "openssl": "openssl",
    "chromium": "chromium",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main():
    """Install what is missing where that is possible; its absence is no error, tests skip by themselves."""
    wanted = dict(PROGRAMS)
    # Ubuntu's chromium package is only a door to another store.
    if any(map(found, BROWSERS)) or "ID=ubuntu" in Path("/etc/os-release").read_text().splitlines():
        del wanted["chromium"]
    missing = [program for program in wanted if not found(program)]
    if missing and can_install():
        need({program: PROGRAMS[program] for program in missing}, "The tests")
    elif missing:
        say(f"Not installed, so tests that need it are skipped: {', '.join(missing)}")
    if "chromium" not in wanted and not any(map(found, BROWSERS)):
        say("No browser is installed, so the browser tests are skipped: chromium")


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        sys.exit(str(failed))
