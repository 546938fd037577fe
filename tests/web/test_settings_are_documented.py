"""docs/settings.md, .env.example and compose.yaml name the knobs that there are, and no others."""

import re
from pathlib import Path

import pytest
import yaml

from partyline import env, settings  # noqa: F401 - reading the settings fills KNOWN

ROOT = Path(__file__).parents[2]
COMPOSE = [(ROOT / name).read_text() for name in ("compose.yaml", "compose.tls.yaml")]
NAME = r"[A-Z][A-Z0-9_]*"


def of_scripts():
    """Return what the start scripts list at their tops, and what `make` asks for."""
    found = set()
    for script in [*ROOT.glob("services/*/start"), ROOT / "nginx" / "start"]:
        head = [line for line in script.read_text().splitlines() if line.startswith("#   ")]
        for line in head:
            found |= set(re.findall(NAME, re.split(r"\s{2,}", line[4:])[0]))
    for file in (ROOT / "scripts" / "stack").glob("*.py"):
        found |= set(re.findall(rf"\b(?:knob|number)\(\"({NAME})\"", file.read_text()))
    return found


def of_compose():
    return {name for text in COMPOSE for name in re.findall(rf"\$\{{({NAME})", text)}


def of_example():
    return set(re.findall(rf"^#?({NAME})=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def documented():
    """Return the names in the first cells of the tables of docs/settings.md."""
    file = ROOT / "docs" / "settings.md"
    cells = re.findall(r"^\|([^|]*)\|", file.read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(rf"`({NAME})`", cell)}


def test_it_works():
    assert {"SECRET_KEY", "SECRET_KEY_FILE", "DATABASE_URL", "LOG_LEVEL"} <= set(env.KNOWN)
    assert {"WEB_SERVER", "NGINX_LISTEN", "TLS_KEY", "WS_BIND", "PORT"} <= of_scripts()
    assert {"PORT", "TAG", "TLS_CERT", "DEBUG"} <= of_compose()


def test_every_knob_is_documented():
    assert set(env.KNOWN) | of_example() <= documented()


def test_nothing_is_documented_that_is_no_knob():
    """What the site does not read, make, a script or a test does, or Django's createsuperuser."""
    files = [ROOT / "Makefile", *(ROOT / "scripts").rglob("*"), *(ROOT / "tests").glob("*.py")]
    files += (ROOT / "bench").glob("*.py")
    text = " ".join(file.read_text("latin-1") for file in files if file.is_file())
    words = set(re.findall(rf"\b{NAME}\b", text))
    named = {name for name in documented() if not name.startswith("DJANGO_SUPERUSER_")}
    assert named <= set(env.KNOWN) | of_compose() | of_scripts() | words


def test_the_example_names_only_known_ones():
    assert of_example() <= set(env.KNOWN) | of_compose() | of_scripts()


@pytest.mark.parametrize("service", ["nginx", "web", "ws", "worker", "migrate"])
def test_what_compose_passes_on_is_read_there(service):
    passed = set(yaml.safe_load(COMPOSE[0])["services"][service]["environment"])
    known = of_scripts() if service == "nginx" else set(env.KNOWN) | of_scripts()
    assert passed <= known


def test_the_examples_defaults_are_the_settings_own():
    """Where a knob goes straight to the settings; where containers differ, they say so in compose.yaml."""
    differ = {"DATABASE_URL", "REDIS_URL"}
    shown = dict(re.findall(rf"^#({NAME})=(\S*)", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name in (shown.keys() & env.KNOWN.keys()) - differ:
        assert shown[name].removesuffix(".0") == env.KNOWN[name].removesuffix(".0"), name
