"""Rolls, drains and scaling: another serves before one goes, and who goes has time for it."""

import re

import pytest

from tests.manifests.k8s_render import (
    ROOT,
    config,
    every_overlay,
    every_variant,
    main,
    named,
    of_kind,
    pod,
    render,
    workloads,
)  # fmt: skip

SERVED = ("nginx", "web", "ws", "worker")
MARGIN = 5  # seconds between the last of the work and the kill
KUBE_PROXY = 5  # seconds until every node has heard that a pod goes, seldom more than two


def grace(workload):
    return pod(workload)["terminationGracePeriodSeconds"]


def sleeps(workload):
    return main(workload).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)


@every_variant
def test_ws_may_drain(variant):
    found = workloads(render(*variant))["ws"]
    drain = float(config(render(*variant), "settings")["WS_DRAIN_SECONDS"])
    disconnects = 3  # see partyline/live/server.py
    assert "time.monotonic() + 3" in (ROOT / "partyline/live/server.py").read_text()
    assert grace(found) >= sleeps(found) + drain + disconnects + MARGIN


@every_overlay
def test_web_may_finish_its_requests(overlay):
    longest = int(re.search(r"worker-reload-mercy = (\d+)", (ROOT / "services/web/uwsgi.ini").read_text())[1])
    found = workloads(render(overlay))["web"]
    assert grace(found) >= sleeps(found) + longest + MARGIN


@every_overlay
def test_nginx_may_finish_its_requests(overlay):
    cut = int(config(render(overlay), "nginx")["NGINX_CUT_AFTER"].removesuffix("s"))
    found = workloads(render(overlay))["nginx"]
    assert cut >= 10 and grace(found) >= sleeps(found) + cut + MARGIN
    assert "STOPSIGNAL SIGQUIT" in (ROOT / "services/Dockerfile").read_text()


@every_overlay
@pytest.mark.parametrize("name", ["nginx", "web", "ws"])
def test_one_that_goes_serves_until_nobody_sends_it_anything(overlay, name):
    assert sleeps(workloads(render(overlay))[name]) >= KUBE_PROXY


@every_overlay
def test_the_worker_may_give_its_jobs_back(overlay):
    source = (ROOT / "partyline/jobs/worker.py").read_text()
    longest = int(re.search(r"^GRACE = (\d+)", source, re.MULTILINE)[1])
    assert grace(workloads(render(overlay))["worker"]) >= longest + MARGIN


@every_overlay
@pytest.mark.parametrize("name", SERVED)
def test_a_new_one_is_ready_before_an_old_one_goes(overlay, name):
    spec = workloads(render(overlay))[name]["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


@every_variant
@pytest.mark.parametrize("name", SERVED)
def test_a_drain_takes_one_at_a_time(variant, name):
    spec = named(render(*variant), "PodDisruptionBudget", name)["spec"]
    assert spec["maxUnavailable"] == 1 and spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@every_overlay
def test_the_stores_do_not_hold_up_a_drain(overlay):
    """They are one each: a budget for them would block it for ever."""
    budgets = {found["metadata"]["name"] for found in of_kind(render(overlay), "PodDisruptionBudget")}
    assert budgets == set(SERVED)


@every_overlay
@pytest.mark.parametrize("name", SERVED)
def test_two_nodes_are_used_and_one_is_enough(overlay, name):
    (spread,) = pod(workloads(render(overlay))[name])["topologySpreadConstraints"]
    assert (
        spread["topologyKey"] == "kubernetes.io/hostname" and spread["whenUnsatisfiable"] == "ScheduleAnyway"
    )


@every_variant
def test_what_scales_has_two_or_more_where_people_wait(variant):
    least = scaled(render(*variant), "minReplicas", "minReplicaCount")
    assert set(least) == set(SERVED)
    assert all(least[name] >= 2 for name in ("nginx", "web", "ws"))
    most = scaled(render(*variant), "maxReplicas", "maxReplicaCount")
    assert all(most[name] > least[name] for name in SERVED)
    for found in workloads(render(*variant)).values():
        assert found["kind"] != "Deployment" or "replicas" not in found["spec"], (
            "every apply would set it back"
        )


def scaled(objects, *keys):
    found = of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    return {
        o["spec"]["scaleTargetRef"]["name"]: next(o["spec"][k] for k in keys if k in o["spec"]) for o in found
    }


@every_overlay
def test_ws_comes_quickly_and_goes_slowly(overlay):
    behavior = named(render(overlay), "HorizontalPodAutoscaler", "ws")["spec"]["behavior"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 300
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 120}]
    assert behavior["scaleUp"].get("stabilizationWindowSeconds", 0) == 0


def test_without_anything_else_cpu_decides():
    for name in SERVED:
        (metric,) = named(render("local"), "HorizontalPodAutoscaler", name)["spec"]["metrics"]
        assert metric["resource"]["name"] == "cpu"


@pytest.mark.parametrize("overlay", ["local", "production"])
def test_with_the_adapter_connections_and_the_queue_decide_and_cpu_is_left(overlay):
    objects = render(overlay, ("metrics-adapter",))
    for name, metric in (("ws", "partyline_ws_connections"), ("worker", "partyline_job_queue_age_seconds")):
        first, second = named(objects, "HorizontalPodAutoscaler", name)["spec"]["metrics"]
        assert first["pods"]["metric"]["name"] == metric and second["resource"]["name"] == "cpu"
        assert f"'{metric}{{" in (ROOT / "k8s/components/metrics-adapter/rules.yaml").read_text()


def test_keda_scales_alone_and_within_the_same_bounds():
    plain, keda = render("local"), render("local", ("keda",))
    assert {o["metadata"]["name"] for o in of_kind(keda, "HorizontalPodAutoscaler")} == {"nginx", "web"}
    for name in ("ws", "worker"):
        spec, before = (
            named(*p)["spec"]
            for p in ((keda, "ScaledObject", name), (plain, "HorizontalPodAutoscaler", name))
        )
        assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (
            before["minReplicas"],
            before["maxReplicas"],
        )
        cpu = before["metrics"][0]["resource"]["target"]["averageValue"]
        assert spec["triggers"][1]["metadata"]["value"] == cpu
    behavior = named(keda, "ScaledObject", "ws")["spec"]["advanced"]["horizontalPodAutoscalerConfig"][
        "behavior"
    ]
    assert behavior == named(plain, "HorizontalPodAutoscaler", "ws")["spec"]["behavior"]


def test_the_database_has_connections_for_all():
    """Each thread may hold one; a roll adds a pod."""
    objects = render("local")
    knobs = {key: value for key, value in config(objects, "settings").items()}
    most = scaled(objects, "maxReplicas")
    each = {
        "web": int(knobs["WEB_PROCESSES"]) * (int(knobs["WEB_THREADS"]) + 1),  # one draws jobs
        "ws": int(knobs["WS_DATABASE_THREADS"]) * 2
        + 2,  # the stores' draw states; the probe's, one draws jobs
        "worker": int(knobs["WORKER_CONCURRENCY"]) + 4,  # its loop, the keeper, the drawer, a scrape
    }
    needed = sum(each[name] * (most[name] + 1) for name in each)
    allowed = int(re.search(r"max_connections=(\d+)", " ".join(main(workloads(objects)["db"])["args"]))[1])
    assert needed < allowed - 3  # three are kept for superusers
    (advised,) = re.findall(r"(\d+) connections are plenty", (ROOT / "docs/kubernetes.md").read_text())
    assert needed < int(advised)
