"""Every process of the running stack tells its metrics, on the inside, and nowhere else."""

import http.client
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.stack.page import dial
from tests.stack.visitor import Visitor

WANTED = {
    "nginx": ["partyline_nginx_connections"],
    "web": ["partyline_http_request_seconds_count", "partyline_published_total"],
    "ws": ["partyline_ws_connections", "partyline_delivery_seconds_count", "process_cpu_seconds_total"],
    "worker": ["partyline_job_queue_age_seconds", "partyline_jobs", "partyline_unanswered_total"],
}


def told(address):
    """Return {sample: the sum over its labels}."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    return {s.name: sum(each.value for each in samples if each.name == s.name) for s in samples}


def sum_of(stack, service, name):
    return sum(told(address).get(name, 0) for address in stack.metrics_of(service))


@pytest.mark.parametrize("service", WANTED)
def test_it_works(stack, bob, service):
    bob.say(bob.make_room(), "something to count")
    addresses = stack.metrics_of(service)
    assert addresses
    for address in addresses:
        assert set(WANTED[service]) <= told(address).keys(), address


async def test_open_sockets_are_counted(stack, site):
    before = sum_of(stack, "ws", "partyline_ws_connections")
    async with dial(site), dial(site), dial(site):
        assert sum_of(stack, "ws", "partyline_ws_connections") >= before + 3


def test_requests_are_counted_over_all_processes_of_web(stack, site):
    visitor, name = Visitor(site), "partyline_http_request_seconds_count"
    before = sum_of(stack, "web", name)
    for _ in range(30):
        assert visitor.get("/people/sign-in/").status == 200
    assert sum_of(stack, "web", name) >= before + 30


def test_the_front_door_does_not_lead_there(behind_nginx):
    assert Visitor(behind_nginx).get("/metrics").status == 404


def test_no_port_of_the_machine_does(site, engine):
    door = http.client.HTTPConnection(site.host, 9100, timeout=3)
    with pytest.raises(OSError):
        door.request("GET", "/metrics")
