"""Who may talk to whom: what the stack needs and nothing else, by a model of how policies are read."""

import itertools

import pytest

from tests.manifests.k8s_render import APP, every_variant, main, named, of_kind, render, workloads

STORES = {("db", 5432): APP, ("redis", 6379): ("web", "ws", "worker")}
METRICS = 9100
OUTSIDE = "outside"


def selects(selector, labels):
    """Tell whether a label selector takes these labels; an empty one takes all."""
    exact = selector.get("matchLabels", {}).items() <= labels.items()
    for rule in selector.get("matchExpressions", ()):
        assert rule["operator"] == "In", "the model knows no other"
        exact = exact and labels.get(rule["key"]) in rule["values"]
    return exact


class Network:
    """The pods of one rendering, and the NetworkPolicies over them."""

    def __init__(self, objects):
        self.policies = [found["spec"] for found in of_kind(objects, "NetworkPolicy")]
        self.labels = {n: w["spec"]["template"]["metadata"]["labels"] for n, w in workloads(objects).items()}
        self.ports = {
            n: [p["containerPort"] for p in main(w).get("ports", ())] for n, w in workloads(objects).items()
        }

    def half(self, direction, one, other, port):
        """Tell whether `one` may receive from (or send to) `other` on the TCP port."""
        over = [p for p in self.policies if direction.capitalize() in p["policyTypes"]]
        over = [p for p in over if selects(p["podSelector"], self.labels[one])]
        if not over:
            return True
        peers = "from" if direction == "ingress" else "to"
        rules = [rule for policy in over for rule in policy.get(direction, ())]
        return any(self.peer(rule.get(peers), other) and opens(rule, port) for rule in rules)

    def peer(self, peers, other):
        if peers is None:
            return True
        if other == OUTSIDE:
            return any("ipBlock" in peer and peer["ipBlock"]["cidr"] == "0.0.0.0/0" for peer in peers)
        own = [peer for peer in peers if "podSelector" in peer and "namespaceSelector" not in peer]
        return any(selects(peer["podSelector"], self.labels[other]) for peer in own)

    def allows(self, source, target, port):
        sent = source == OUTSIDE or self.half("egress", source, target, port)
        return sent and (target == OUTSIDE or self.half("ingress", target, source, port))

    def ways(self):
        """Return every (source, target, port) that works inside the namespace."""
        ports = {port for found in self.ports.values() for port in found} | {22, 53, 80, 443}
        pairs = itertools.product(self.labels, self.labels, ports)
        return {(source, target, port) for source, target, port in pairs if self.allows(source, target, port)}


def opens(rule, port):
    ports = rule.get("ports")
    return ports is None or any(p.get("port") == port and p.get("protocol", "TCP") == "TCP" for p in ports)


def wanted(objects):
    """Return the ways that the stack needs."""
    found = {("nginx", "web", 8000), ("nginx", "ws", 8001), ("worker", "nginx", METRICS)}
    for (store, port), users in STORES.items():
        if store in workloads(objects):
            found |= {(user, store, port) for user in users}
    return found


@every_variant
def test_it_works(variant):
    objects = render(*variant)
    assert wanted(objects) <= Network(objects).ways()


@every_variant
def test_and_nothing_else(variant):
    objects = render(*variant)
    leading_out = {(s, t, p) for s, t, p in Network(objects).ways() if p == 443}
    assert Network(objects).ways() - leading_out == wanted(objects)


@every_variant
def test_all_is_denied_first(variant):
    spec = named(render(*variant), "NetworkPolicy", "deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@every_variant
def test_one_door(variant):
    network = Network(render(*variant))
    doors = {(n, p) for n in network.labels for p in (80, 443, 5432, 6379, 8000, 8001, 8080, 8443, METRICS)}
    open_to_all = {(n, p) for n, p in doors if network.allows(OUTSIDE, n, p)}
    tls = named(render(*variant), "NetworkPolicy", "nginx")["spec"]["ingress"][0]["ports"]
    assert open_to_all == {("nginx", port["port"]) for port in tls}
    assert {port["port"] for port in tls} == set(network.ports["nginx"]) - {METRICS}


@pytest.mark.parametrize("name", ["nginx", "web", "ws", "worker", "migrate", "db", "redis"])
def test_from_local_nobody_gets_out(name):
    network = Network(render("local"))
    assert not any(network.allows(name, OUTSIDE, port) for port in (22, 53, 80, 443, 5432, 6379, 8080))


def test_from_production_only_to_the_stores():
    network = Network(render("production"))
    out = {
        (n, p) for n in network.labels for p in (22, 53, 80, 443, 5432, 6379) if network.allows(n, OUTSIDE, p)
    }
    assert out == {(n, 5432) for n in APP} | {(n, 6379) for n in ("web", "ws", "worker")}


@every_variant
def test_who_looks_up_names_may(variant):
    objects = render(*variant)
    spec = named(objects, "NetworkPolicy", "names")["spec"]
    asks = {name for name, labels in Network(objects).labels.items() if selects(spec["podSelector"], labels)}
    assert asks == {"nginx", *APP}
    (rule,) = spec["egress"]
    assert rule["ports"] == [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]
    assert {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}} in rule[
        "to"
    ]


def test_metrics_are_for_monitoring():
    spec = named(render("production", ("metrics-adapter",)), "NetworkPolicy", "metrics")["spec"]
    (rule,) = spec["ingress"]
    assert rule["ports"] == [{"port": METRICS}]
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]
    assert not named(render("production"), "NetworkPolicy", "metrics")
