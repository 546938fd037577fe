"""What runs in Kubernetes is what runs in Compose: names, ports, commands, probes, settings, images."""

import re

import pytest
import yaml

from partyline import env, settings  # noqa: F401 - reading the settings fills KNOWN
from tests.manifests.k8s_render import (
    APP,
    ROOT,
    config,
    containers,
    every_variant,
    main,
    named,
    of_kind,
    pod,
    render,
    tree,
    workloads,
)  # fmt: skip
from tests.web.test_settings_are_documented import of_scripts

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
TEMPLATE = (ROOT / "nginx/nginx.conf.template").read_text()
START = (ROOT / "nginx/start").read_text()
# Knobs of Compose with another value here, and why.
DIFFER = {
    "ALLOWED_HOSTS",  # `local` is reached by any node's address
    "WS_ADDRESS_PER_SECOND",  # and by a NodePort, where everybody comes from a node
    "CONNECTIONS_PER_CLIENT",
}


def test_the_same_services():
    assert set(workloads(render("local"))) == set(COMPOSE)
    assert set(workloads(render("production"))) == set(COMPOSE) - {"db", "redis"}


@pytest.mark.parametrize("name", COMPOSE)
def test_the_same_images(name):
    wanted = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE[name]["image"])
    found = {container["image"] for container in containers(workloads(render("local"))[name])}
    assert {image if ":" in image else f"{image}:latest" for image in found} == {wanted}


def test_the_same_commands():
    found = workloads(render("local"))
    for name in ("web", "ws", "worker"):
        assert main(found[name])["command"] == [f"/app/{COMPOSE[name]['command']}"]
    assert main(found["migrate"])["command"] == COMPOSE["migrate"]["command"].split()
    assert "command" not in main(found["nginx"]) and "command" not in main(found["db"])
    command, ours = COMPOSE["redis"]["entrypoint"], main(found["redis"])["command"]
    assert ours == [part.replace("/etc/redis.conf", "/etc/redis/redis.conf") for part in command]


@pytest.mark.parametrize("name", [name for name in COMPOSE if name != "migrate"])
def test_the_same_probes(name):
    """Compose asks whether a service is ready; Kubernetes also whether it lives, in the same words."""
    how, *wanted = COMPOSE[name]["healthcheck"]["test"]
    container = main(workloads(render("local"))[name])
    ready, alive = (container[kind]["exec"]["command"] for kind in ("readinessProbe", "livenessProbe"))
    if how == "CMD-SHELL":
        wanted = ["sh", "-c", wanted[0].replace("$$", "$")]
    ready = [part.removeprefix("/app/") for part in ready]
    assert [part for part in ready if part != "--ready"] == [part for part in wanted if part != "--ready"]
    assert set(wanted) <= set(ready)
    assert [part.removeprefix("/app/") for part in alive] == [part for part in ready if part != "--ready"]
    assert container["startupProbe"]["exec"] == container["livenessProbe"]["exec"]


def test_the_code_answers_the_probes():
    probe, routing = (ROOT / "services/probe.py").read_text(), (ROOT / "partyline/routing.py").read_text()
    for service in ("web", "ws", "worker"):
        assert f'if service == "{service}"' in probe
    for path in ("/healthz", "/readyz"):
        assert path in probe and path in routing and path in (ROOT / "partyline/health.py").read_text()
    assert "/healthz/nginx" in (ROOT / "nginx/probe").read_text() and "/healthz/nginx" in TEMPLATE


def test_ports_are_those_that_the_services_listen_on():
    ports = {
        name: {port["name"]: port["containerPort"] for port in main(workload).get("ports", ())}
        for name, workload in workloads(render("production", ())).items()
    }
    assert ports["nginx"]["http"] == int(re.search(r"NGINX_LISTEN:-(\d+)\}", START)[1])
    assert ports["nginx"]["https"] == int(re.search(r"NGINX_LISTEN_TLS:-(\d+)\}", START)[1])
    assert ports["web"]["uwsgi"] == int(
        re.search(r"0\.0\.0\.0:(\d+)", (ROOT / "services/web/start").read_text())[1]
    )
    assert ports["ws"]["ws"] == int(re.search(r"tcp:(\d+)", (ROOT / "services/ws/start").read_text())[1])
    assert {ports[name]["metrics"] for name in ("nginx", "web", "ws", "worker")} == {9100}
    for name in ("settings.env", "nginx.env"):
        assert "METRICS_BIND=0.0.0.0:9100\n" in (ROOT / "k8s/base" / name).read_text()
    passed = [COMPOSE[name]["environment"] for name in ("nginx", "web", "ws", "worker")]
    assert {environment["METRICS_BIND"] for environment in passed} == {"0.0.0.0:9100"}


def test_nginx_finds_web_and_ws():
    """By the names and ports of their Services; nginx needs no other name and no DNS while it runs."""
    objects = render("local")
    text = config(objects, "upstreams")["upstreams.conf"]
    servers = set(re.findall(r"server (\w+):(\d+) max_fails=0;", text))
    services = {
        (name, str(port["port"]))
        for name in ("web", "ws")
        for port in named(objects, "Service", name)["spec"]["ports"]
    }
    assert servers == services
    assert not any(named(objects, "Service", name)["spec"].get("clusterIP") for name in ("web", "ws"))
    knobs = config(objects, "nginx")
    assert re.findall(r"upstream (\w+)", text) == [knobs["WEB_UPSTREAM"], knobs["WS_UPSTREAM"]]
    mount = next(m for m in main(workloads(objects)["nginx"])["volumeMounts"] if m["name"] == "upstreams")
    assert knobs["NGINX_UPSTREAMS"] == f"{mount['mountPath']}/upstreams.conf"
    compose_names = re.findall(r"(?:WEB|WS)_UPSTREAM:-(\w+):(\d+)\}", START)
    assert servers == set(compose_names)


def test_the_workers_find_every_nginx():
    """By a name that stands for each of its pods, as a service in Compose does for its containers."""
    objects = render("local")
    name, _, port = config(objects, "settings")["NGINX_METRICS"].partition(":")
    service = named(objects, "Service", name)["spec"]
    assert service["clusterIP"] == "None" and str(service["ports"][0]["port"]) == port == "9100"
    assert service["selector"] == {"app.kubernetes.io/name": "nginx"}
    assert COMPOSE["worker"]["environment"]["NGINX_METRICS"] == f"nginx:{port}"


@pytest.mark.parametrize("name", ["nginx", "web", "ws", "worker", "migrate"])
def test_all_that_compose_passes_is_passed(name):
    passed = config(render("local"), "nginx" if name == "nginx" else "settings")
    optional = config(render("local", ("s3",)), "settings")
    for knob in COMPOSE[name]["environment"]:
        if knob.startswith("S3_"):
            assert knob in optional or f"{knob}_FILE" in optional
        else:
            assert knob in passed


@every_variant
def test_every_setting_is_known(variant):
    known = set(env.KNOWN) | of_scripts()
    for name in ("settings", "nginx"):
        assert set(config(render(*variant), name)) <= known | {"PORT_TLS", "TLS_DIR"}
    for workload in workloads(render(*variant)).values():
        assert workload["metadata"]["name"] == "db" or not any("env" in c for c in containers(workload))


def test_settings_have_their_defaults():
    """Where an overlay does not say otherwise."""
    shown = dict(re.findall(r"^#(\w+)=(\S*)", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name in ("settings", "nginx"):
        for knob, value in config(render("local"), name).items():
            if knob in shown and knob not in DIFFER:
                assert value == shown[knob], knob


def test_secrets_are_where_the_settings_say():
    for overlay in ("local", "production"):
        objects = render(overlay)
        files = {v for k, v in config(objects, "settings").items() if k.endswith("_FILE") and v}
        for name in APP:
            spec = pod(workloads(objects)[name])
            (volume,) = [v for v in spec["volumes"] if v["name"] == "secrets"]
            keys = set(named(objects, "Secret", volume["secret"]["secretName"])["data"])
            assert files <= {f"/run/secrets/{key}" for key in keys}
            for container in containers(workloads(objects)[name]):
                assert {"name": "secrets", "mountPath": "/run/secrets", "readOnly": True} in container[
                    "volumeMounts"
                ]


def test_redis_is_configured_by_the_same_file():
    assert config(render("local"), "redis")["redis.conf"] == (ROOT / "redis/redis.conf").read_text()
    assert not (tree() / "k8s/overlays/local/redis.conf").exists()


def test_redis_and_db_fit_into_their_memory():
    found = workloads(render("local"))
    assert main(found["redis"])["resources"]["limits"]["memory"] == "256Mi"
    assert "maxmemory 192mb" in (ROOT / "redis/redis.conf").read_text()
    assert COMPOSE["redis"]["mem_limit"] == "${REDIS_MEMORY:-256m}"


def test_the_database_is_kept_on_one_node():
    """Two volumes on one directory: one makes it, one gives it to Postgres' group."""
    objects = render("local")
    volumes = {o["metadata"]["name"]: o["spec"] for o in of_kind(objects, "PersistentVolume")}
    data, directory = volumes["partyline-db"], volumes["partyline-db-directory"]
    assert data["local"]["path"] == directory["hostPath"]["path"]
    assert directory["hostPath"]["type"] == "DirectoryOrCreate"
    assert data["nodeAffinity"] == directory["nodeAffinity"]
    assert {spec["persistentVolumeReclaimPolicy"] for spec in volumes.values()} == {"Retain"}
    claims = {o["metadata"]["name"]: o["spec"] for o in of_kind(objects, "PersistentVolumeClaim")}
    for claim in claims.values():
        volume = volumes[claim["volumeName"]]
        assert claim["storageClassName"] == volume["storageClassName"]
        assert claim["accessModes"] == volume["accessModes"]
        assert claim["resources"]["requests"]["storage"] == volume["capacity"]["storage"]
    db = workloads(objects)["db"]
    assert pod(db)["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    (first,) = pod(db)["initContainers"]
    assert [mount["name"] for mount in first["volumeMounts"]] == ["directory"], (
        "what nobody mounts is not made"
    )
    (mount,) = [m for m in main(db)["volumeMounts"] if m["name"] == "data"]
    (pgdata,) = [e["value"] for e in main(db)["env"] if e["name"] == "PGDATA"]
    assert pgdata.startswith(mount["mountPath"] + "/"), "the volume's own root is writable for its group"
