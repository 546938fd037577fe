"""compose.yaml keeps its promises: services hardened and healthy, one door, every knob in .env.example."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "compose.yaml").read_text()
TLS = (ROOT / "compose.tls.yaml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
EXAMPLE = (ROOT / ".env.example").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_hardened(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] and service["mem_limit"]
    assert "privileged" not in service and "cap_add" not in service
    assert "container_name" not in service, "it could not be scaled"


@pytest.mark.parametrize("name", set(SERVICES) - {"migrate"})
def test_healthy_and_stays_up(name):
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_nobody_is_root():
    users = re.findall(r"^USER (\d+):", (ROOT / "services/Dockerfile").read_text(), re.MULTILINE)
    assert users == ["10001", "10001"]
    assert {SERVICES[name]["user"] for name in ("redis", "db")} == {"999:999"}


def test_one_door():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert SERVICES["nginx"]["ports"] == ["${BIND:-127.0.0.1}:${PORT:-8080}:8080"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_in_the_environment(name):
    kept = {key for key in SERVICES[name].get("environment", {}) if re.search("PASSWORD|SECRET", key)}
    # S3's come from elsewhere, and are empty unless somebody uses it.
    assert all(key.endswith("_FILE") for key in kept - {"S3_SECRET_KEY"})


def test_started_in_order():
    after = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert set(after["nginx"]) == {"web", "ws"} and set(after["migrate"]) == {"db"}
    for name in ("web", "ws", "worker"):
        assert after[name]["migrate"]["condition"] == "service_completed_successfully"
        assert after[name]["redis"]["condition"] == "service_healthy"


def test_every_knob_is_in_the_example_with_its_default():
    knobs = dict(re.findall(r"\$\{([A-Z0-9_]+):[-?]([^}]*)\}", TEXT + TLS))
    shown = dict(re.findall(r"^#([A-Z0-9_]+)=(\S*)", EXAMPLE, re.MULTILINE))
    for required in ("TLS_CERT", "TLS_KEY"):  # shown with a place, as there is no default
        assert shown.pop(required) and knobs.pop(required) == ""
    assert shown.pop("MODE") == shown.pop("METRICS_PORT") == ""  # make's own, and the native stack's
    assert knobs == shown


def test_a_killed_ws_had_time_to_drain():
    shown = dict(re.findall(r"^#(WS_\w+_SECONDS)=(\S+)", EXAMPLE, re.MULTILINE))
    assert float(shown["WS_STOP_SECONDS"]) >= float(shown["WS_DRAIN_SECONDS"]) + 5
