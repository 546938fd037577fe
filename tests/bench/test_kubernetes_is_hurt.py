"""Each fault happens to pods, ends when they are well again, and leaves the cluster as it was."""

import json
import random
import threading

import pytest

from bench import faults, shell
from bench.faults import Fault
from bench.kubernetes import APP
from bench.shell import StackError


@pytest.fixture
def hands(cluster):
    found = cluster.find()
    cluster.write(asked=[])
    return found


@pytest.fixture
def do(hands):
    """Return a function that does a fault, as the drill does."""
    return lambda hurt, service="": Fault(hurt.__name__, service, hurt).do(hands, random.Random(1))


def pods_by_node(cluster):
    found = {}
    for pod in cluster.read()["pods"]:
        found.setdefault(pod["spec"]["nodeName"], []).append(pod["metadata"]["name"])
    return found


@pytest.mark.parametrize("service", ["ws", "web", "worker", "nginx", "redis", "db"])
def test_a_kill_is_the_kernels_and_leaves_the_pod(cluster, hands, do, service):
    before = hands.lives(service)
    happened = do(faults.kill, service)
    now = hands.lives(service)
    assert now.keys() == before.keys() and len(now.items() - before.items()) == 1
    assert happened.healthy > happened.began
    assert len(cluster.asked("exec")) == 1 and not cluster.asked("delete")


@pytest.mark.parametrize("limit", ["512Mi", ""])
@pytest.mark.parametrize("service", ["ws", "db"])
def test_where_the_kernel_kills_nobody_a_pod_has_a_second(cluster, hands, do, limit, service):
    pods = cluster.read()["pods"]
    for pod in pods:
        pod["spec"]["containers"][0]["resources"] = {"limits": {"memory": limit}} if limit else {}
    cluster.write(pods=pods, oom_kills=False)
    do(faults.kill, service)
    assert bool(cluster.asked("exec")) == bool(limit)
    assert hands.left_out == [f"{service} is not killed by -9 here, it is deleted with a second of grace"]
    (asked,) = cluster.asked("delete")
    # Never by force: a second db-0 would open the first one's files.
    assert "--grace-period=1" in asked and "--force" not in asked and "--wait=false" in asked


@pytest.mark.parametrize("service, same", [("ws", False), ("worker", False), ("redis", True), ("db", True)])
def test_a_stopped_pod_is_replaced_under_another_name_or_its_own(cluster, hands, do, service, same):
    before = hands.lives(service)
    do(faults.stop, service)
    now = hands.lives(service)
    assert len(now) == len(before) and len(now.items() - before.items()) == 1
    assert (now.keys() == before.keys()) is same
    assert cluster.asked("delete")[0].endswith("--wait=false")


def test_a_pod_that_does_not_come_back_is_told(cluster, hands, do, monkeypatch):
    monkeypatch.setattr("bench.kubernetes.Kubernetes.patience", 0.5)
    cluster.write(stuck=["ws"])
    with pytest.raises(StackError, match="ws lives anew"):
        do(faults.stop, "ws")


def test_a_pod_that_goes_is_no_process_and_not_well(cluster, hands):
    pods = cluster.read()["pods"]
    going = next(pod for pod in pods if pod["metadata"]["name"].startswith("web"))
    going["metadata"]["deletionTimestamp"] = "now"
    cluster.write(pods=pods)
    assert not hands.healthy("web"), "though there are two, and both are ready"
    cluster.write(pods=pods)
    assert going["metadata"]["name"] not in hands.processes("web")


def test_one_that_ended_long_ago_does_not_count(cluster, hands):
    pods = cluster.read()["pods"]
    evicted = json.loads(json.dumps(pods[0]))
    evicted["metadata"] |= {"name": "old", "labels": pods[0]["metadata"]["labels"]}
    evicted["status"] |= {"phase": "Failed", "conditions": []}
    cluster.write(pods=[*pods, evicted], stuck=[])
    service = evicted["metadata"]["labels"]["app.kubernetes.io/name"]
    assert "old" not in hands.processes(service) and "old" not in hands._troubles(service)


def numbers(cluster):
    patches = [line.partition(" -p ")[2] for line in cluster.asked("patch hpa ws")]
    return [tuple(json.loads(patch)["spec"].values()) for patch in patches]


def test_ws_is_scaled_by_its_autoscaler_which_gets_its_limits_back(cluster, hands, do):
    before = cluster.limits()
    counts = []
    scale = hands.scale
    hands.scale = lambda count: (scale(count), counts.append(len(hands.processes("ws"))))
    do(faults.scale_in_steps, "ws")
    assert counts == [1, 4, 2]
    assert numbers(cluster) == [(1, 1), (4, 4), (2, 2), (2, 6)]
    assert cluster.limits() == before


def test_a_scaling_that_fails_gives_them_back(cluster, hands, do, monkeypatch):
    before = cluster.limits()
    monkeypatch.setattr("bench.kubernetes.Kubernetes.patience", 0.5)
    cluster.write(stuck=["ws"])
    with pytest.raises(StackError, match=r"4 of ws\. ws-.*not ready Starting"):
        do(faults.scale_in_steps, "ws")
    assert cluster.limits() == before


def test_what_cannot_be_put_back_is_tried_again_and_then_said(cluster, hands, do):
    before = cluster.limits()
    cluster.fail('patch hpa ws --type=merge -p {"spec": {"minReplicas": 2, "maxReplicas": 6}}')
    with pytest.raises(StackError, match="do it by hand: kubectl -n partyline patch hpa ws"):
        do(faults.scale_in_steps, "ws")
    cluster.write(fails={})
    hands.put_back()
    assert cluster.limits() == before
    hands.put_back()
    assert len(numbers(cluster)) == 5


def test_without_an_autoscaler_the_deployment_is_scaled(cluster, do):
    cluster.write(hpa=[])
    hands = cluster.find()
    Fault("scale", "ws", faults.scale_in_steps).do(hands, random.Random(1))
    asked = [line.partition("=")[2] for line in cluster.asked("scale deployment/ws")]
    assert asked == ["1", "4", "2", "2"] and len(hands.processes("ws")) == 2


@pytest.mark.parametrize("service", APP)
def test_a_roll_replaces_every_pod(cluster, hands, do, service):
    before = hands.lives(service)
    do(faults.roll, service)
    now = hands.lives(service)
    assert len(now) == len(before) and not now.items() & before.items()
    assert any("--timeout=" in line for line in cluster.asked(f"rollout status deployment/{service}"))


def test_a_roll_lasts_until_the_last_old_pod_is_gone(cluster, hands):
    """kubectl is content before: what such a pod does on its way out would be nobody's."""
    hands.roll("ws")
    assert not [pod for pod in cluster.read()["pods"] if "deletionTimestamp" in pod["metadata"]]


def test_a_roll_that_does_nothing_is_told(hands, monkeypatch):
    monkeypatch.setattr(hands, "roll", lambda service: None)
    with pytest.raises(StackError, match="left 2 of 2 as they were"):
        faults.roll(hands, "ws", None)


def test_a_roll_that_never_completes_is_told_with_its_pods(cluster, hands, do):
    cluster.write(stuck=["web"])
    with pytest.raises(StackError, match=r"timed out.*What ran before goes on\. web-.*not ready Starting"):
        do(faults.roll, "web")
    assert len(hands.processes("web")) == 2


def test_an_undo_comes_back_to_this_release_not_to_the_one_before(cluster, hands, do):
    work = cluster.read()["work"]
    work["web"]["spec"]["template"] = {"metadata": {"labels": {"release": "this"}}}
    work["web"]["before"] = [0, {"metadata": {"labels": {"release": "the one before"}}}]
    cluster.write(work=work)
    before = hands.lives("web")
    do(faults.undo, "web")
    assert cluster.read()["work"]["web"]["spec"]["template"]["metadata"]["labels"] == {"release": "this"}
    assert not hands.lives("web").items() & before.items()
    assert [line.split()[1] for line in cluster.asked("rollout")] == ["restart", "status", "undo", "status"]


def test_an_undo_that_comes_to_another_release_is_told(cluster, hands, monkeypatch):
    monkeypatch.setattr(hands, "roll", lambda service: None)
    work = cluster.read()["work"]
    work["web"]["before"] = [0, {"metadata": {"labels": {"release": "the one before"}}}]
    cluster.write(work=work)
    with pytest.raises(StackError, match="another release"):
        hands.undo("web")


def test_a_drain_empties_a_node_and_gives_it_back(cluster, hands, do):
    assert pods_by_node(cluster)["node-2"]
    watched = hands.healthy
    seen = []
    hands.healthy = lambda service: seen.append(cluster.cordoned()) or watched(service)
    do(faults.drain)
    (asked,) = cluster.asked("drain")
    assert asked.startswith("drain node-2 --ignore-daemonsets --delete-emptydir-data")
    assert "--pod-selector=app.kubernetes.io/part-of=partyline" in asked and "--timeout=" in asked
    assert seen[0] == ["node-2"], "it stays closed until everything runs elsewhere"
    assert cluster.cordoned() == [] and "node-2" not in pods_by_node(cluster)


@pytest.mark.parametrize("home", ["node-1", "node-2"])
def test_the_databases_node_is_never_drained(cluster, hands, do, home):
    if home == "node-2":
        cluster.write(home=home)
        do(faults.stop, "db")
    do(faults.drain)
    (asked,) = cluster.asked("drain")
    assert home not in asked.split()


def test_pods_that_stayed_together_are_spread_before_the_next_drain(cluster, hands, do):
    do(faults.drain)
    assert "node-2" not in pods_by_node(cluster)
    do(faults.drain)
    assert len(cluster.asked("rollout restart")) == len(APP) and len(cluster.asked("drain node-2")) == 2
    assert cluster.cordoned() == []


def test_a_drain_that_fails_gives_the_node_back(cluster, hands, do):
    state = cluster.read()
    state["nodes"][1]["spec"]["unschedulable"] = True  # as kubectl leaves it
    cluster.fail("drain", "error when evicting pods: global timeout reached: 5m0s")
    hands.kubectl.nodes = lambda: ["node-1", "node-2"]
    cluster.write(nodes=state["nodes"])
    with pytest.raises(StackError, match="global timeout reached"):
        do(faults.drain)
    assert cluster.cordoned() == []


def test_a_drain_that_leaves_pods_is_told(cluster, hands, do, monkeypatch):
    monkeypatch.setattr(hands.kubectl, "do", lambda *words, seconds=60: "")
    with pytest.raises(StackError, match="the drain of node-2 left .*ws-"):
        pods = cluster.read()["pods"]
        monkeypatch.setattr(hands.kubectl, "pods", lambda selector: pods)
        monkeypatch.setattr(hands.kubectl, "nodes", lambda: ["node-1", "node-2"])
        monkeypatch.setattr(hands, "healthy", lambda service: True)
        hands.drain(random.Random(1))


def test_an_interrupted_drain_gives_the_node_back(cluster, hands):
    """Ctrl-C does not reach the thread of a fault: it is told, ends its waiting, and puts back."""
    cluster.write(stuck=["ws"])
    ended = []

    def fault():
        try:
            hands.drain(random.Random(1))
        except StackError as error:
            ended.append(str(error))

    thread = threading.Thread(target=fault)
    thread.start()
    shell.until(cluster.cordoned, "the node is closed", 60)
    shell.interrupted.set()
    thread.join(60)
    assert "interrupted while waiting: ws runs elsewhere" in ended[0]
    assert cluster.cordoned() == []


def test_redis_answers_nobody_for_a_time(cluster, hands):
    Fault("away", "redis", lambda *given: faults.away(*given, seconds=1.5)).do(hands, None)
    assert cluster.read()["redis"] == ["CLIENT PAUSE 1500 ALL"]
    assert cluster.asked("exec")[0].startswith("exec redis-0 -c redis -- sh -c REDISCLI_AUTH=")


def test_a_pause_that_is_none_is_told(cluster, hands, monkeypatch):
    monkeypatch.setattr(hands, "redis", lambda *words: "OK")
    with pytest.raises(StackError, match="still answers"):
        faults.away(hands, "redis", None)


def test_redis_is_emptied(cluster, hands, do):
    do(faults.flush, "redis")
    assert [line.split()[0] for line in cluster.read()["redis"]] == ["SET", "FLUSHALL", "EXISTS"]


def test_web_reads_the_database_wherever_that_is(cluster, hands):
    cluster.write(says='2026-11-21 INFO a line of the log\n[["1", "two\\nlines, \\"quoted\\""]]')
    assert hands.rows("SELECT 1") == [("1", 'two\nlines, "quoted"')]
    (asked,) = cluster.asked("exec web-")
    assert "-c web -- python manage.py shell" in asked and "SELECT 1" in asked
    cluster.write(says='[["1", "tw')
    with pytest.raises(StackError, match="is cut"):
        hands.rows("SELECT 1")
