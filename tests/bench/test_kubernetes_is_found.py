"""With K8S the drill finds the site in the cluster that kubectl means, or says in words what is not there."""

import pytest

from bench import faults, stack
from bench.kubectl import memory_limit
from bench.kubernetes import APP
from bench.shell import StackError


def names(hands, seconds=300):
    return [kind.name for kind in faults.kinds(hands, seconds)]


def test_it_works(cluster, door):
    hands = cluster.find()
    assert (hands.mode, hands.url) == ("kubernetes", f"http://127.0.0.1:{door.server_port}")
    assert hands.services == (*APP, "redis", "db") and hands.left_out == []
    assert {service: len(hands.processes(service)) for service in hands.services} == {
        "nginx": 2, "web": 2, "ws": 2, "worker": 1, "redis": 1, "db": 1,
    }  # fmt: skip
    assert all(hands.healthy(service) for service in hands.services)
    kinds = [f"kill -9 {service}" for service in hands.services]
    kinds += [f"stop, start {service}" for service in hands.services] + [f"roll {service}" for service in APP]
    kinds += ["undo ws", "undo web", "scale ws 1, 4, 2", "drain a node"]
    assert names(hands) == [*kinds, "FLUSHALL", "redis away 4 s", "redis away 20 s"]


@pytest.mark.parametrize("value", ["", "0"])
def test_without_k8s_no_cluster_is_asked(cluster, monkeypatch, value):
    monkeypatch.setenv("K8S", value)
    monkeypatch.setattr(stack, "make", lambda *words: "http://127.0.0.1:1/")
    assert stack.find().mode == "containers" and not cluster.asked()


def test_no_page_request_may_fail_in_rolls_and_drains(cluster):
    quiet = [kind.name for kind in faults.kinds(cluster.find(), 300) if kind.unnoticed]
    assert quiet == [*(f"roll {service}" for service in APP), "undo ws", "undo web", "drain a node"]


def test_nobody_answers(cluster):
    cluster.fail("version", "The connection to the server localhost:8080 was refused")
    with pytest.raises(StackError, match="no cluster answers.*localhost:8080 was refused"):
        stack.find()


def test_there_is_no_kubectl(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="kubectl is not here"):
        stack.find()


def test_the_site_is_not_there(cluster):
    cluster.write(work={}, hpa=[])
    with pytest.raises(
        StackError, match="no nginx, web, ws, worker in the namespace partyline: `make deploy`"
    ):
        stack.find()


def test_its_namespace_and_address_may_be_given(cluster, monkeypatch, door):
    cluster.write(service={"spec": {"type": "ClusterIP", "ports": [{"name": "http", "port": 80}]}})
    with pytest.raises(StackError, match="no address outside: K8S_URL"):
        stack.find()
    monkeypatch.setenv("K8S_URL", f"http://localhost:{door.server_port}/")
    monkeypatch.setenv("K8S_NAMESPACE", "party")
    hands = stack.find()
    assert hands.url == f"http://localhost:{door.server_port}" and hands.kubectl.namespace == "party"


def test_a_door_that_does_not_answer_is_passed_over(cluster, door):
    state = cluster.read()
    state["nodes"][0]["status"]["addresses"][0]["address"] = "127.255.255.255"  # no host has it
    cluster.write(nodes=state["nodes"])
    assert stack.find().url == f"http://127.0.0.2:{door.server_port}"
    door.shutdown()
    door.server_close()
    with pytest.raises(StackError, match="answers from this machine"):
        stack.find()


@pytest.mark.parametrize("name", ["http", "https"])
def test_a_load_balancers_address_is_taken(cluster, door, name):
    cluster.write(
        service={
            "spec": {
                "type": "LoadBalancer",
                "ports": [{"name": name, "port": door.server_port, "nodePort": 1}],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.7"}]}},
        }
    )
    assert stack.find().url == f"{name}://127.0.0.7:{door.server_port}"


def test_stores_of_somebody_elses_are_left_alone(cluster):
    work = cluster.read()["work"]
    cluster.write(work={name: work[name] for name in APP})
    hands = cluster.find()
    assert hands.services == APP
    assert [words.split()[0] for words in hands.left_out] == ["redis", "db"]
    assert not [name for name in names(hands) if "redis" in name or "db" in name or "FLUSH" in name]


@pytest.mark.parametrize("spec", [{"unschedulable": True}, {"taints": [{"effect": "NoSchedule"}]}])
def test_one_node_is_never_drained(cluster, spec):
    nodes = cluster.read()["nodes"]
    nodes[1]["spec"] = spec
    cluster.write(nodes=nodes)
    hands = cluster.find()
    assert any("no node is drained" in words for words in hands.left_out)
    assert "drain a node" not in names(hands)


def test_an_autoscaler_that_another_program_keeps_is_left_alone(cluster):
    scalers = cluster.read()["hpa"]
    scalers[2]["metadata"]["ownerReferences"] = [{"kind": "ScaledObject"}]
    cluster.write(hpa=scalers)
    hands = cluster.find()
    assert any("ws is not scaled" in words for words in hands.left_out)
    assert not [name for name in names(hands) if "scale" in name]


def test_a_question_that_fails_now_and_then_is_asked_again(cluster):
    hands = cluster.find()
    cluster.fail("get pods", times=2)
    assert hands.healthy("ws")
    cluster.fail("get pods", "Error from server: etcd is away", times=3)
    with pytest.raises(StackError, match="etcd is away"):
        hands.healthy("ws")


@pytest.mark.parametrize(
    "limit, size", [("512Mi", 2**29), ("1.5G", 15 * 10**8), ("64", 64), ("", 0), ("9m", 0)]
)
def test_a_memory_limit_is_read(limit, size):
    containers = [{"name": "proxy"}, {"name": "ws", "resources": {"limits": {"memory": limit}}}]
    pod = {"metadata": {"labels": {"app.kubernetes.io/name": "ws"}}, "spec": {"containers": containers}}
    assert memory_limit(pod) == size
