"""nginx tells its connections on a port of its own, and nowhere else."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from tests.site import free_ports


def test_it_works(front):
    (port,) = free_ports(1)
    nginx = front(METRICS_BIND=f"127.0.0.1:{port}")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        (family,) = text_string_to_metric_families(answer.read().decode())
    told = {sample.labels["state"]: sample.value for sample in family.samples}
    assert family.name == "partyline_nginx_connections"
    assert told.keys() == {"active", "reading", "writing", "waiting"} and told["active"] >= 1
    nginx.start_web()
    assert nginx.ask("/metrics").environ["PATH_INFO"] == "/metrics"  # a page of the site like any other


def test_without_an_address_there_is_none(front):
    nginx = front()
    assert "partyline_nginx" not in (nginx.folder / "run/nginx.conf").read_text()
