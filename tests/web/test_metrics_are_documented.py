"""docs/operations.md names the metrics that there are, and no others."""

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from partyline.jobs.metrics import QueueCollector
from partyline.live.hub import Hub
from partyline.live.metrics import HubCollector

ROOT = Path(__file__).parents[2]


@pytest.mark.django_db
def test_it_works():
    families = [*REGISTRY.collect(), *HubCollector(Hub()).collect(), *QueueCollector().collect()]
    told = {f.name + ("_total" if f.type == "counter" else "") for f in families}
    told = {name for name in told if name.startswith("partyline_")}
    told |= set(re.findall(r"# TYPE (\w+)", (ROOT / "nginx/nginx.conf.template").read_text()))
    table = (ROOT / "docs/operations.md").read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(partyline_\w+)", table)) == told


def test_what_scales_is_told():
    for file in (
        "metrics-adapter/rules.yaml",
        "metrics-adapter/kustomization.yaml",
        "keda/scaledobjects.yaml",
    ):
        named = set(re.findall(r"partyline_\w+", (ROOT / "k8s/components" / file).read_text()))
        assert named == {"partyline_ws_connections", "partyline_job_queue_age_seconds"}
