"""The hands on a site in a Kubernetes cluster, through kubectl alone: no node is entered.

A process is a pod that is ready. One that is told to go is none any more, though it serves for some seconds;
one that is not ready is none yet. A service is well when as many pods as it wants are ready, and none is left
beside them.
"""

import contextlib
import json
import os
import socket
from urllib.parse import urlsplit

from .inside import Inside
from .kubectl import NAME, OURS, Debts, Kubectl, is_going, is_true, life, memory_limit, name
from .shell import StackError, until

NAMESPACE = "partyline"
APP = ("nginx", "web", "ws", "worker")
STORES = ("redis", "db")
ROLL_SECONDS = 600
DRAIN_SECONDS = 300
DOOR_SECONDS = 30  # right after a rollout a fresh Service may refuse for a moment
STRUCK_SECONDS = 15  # from the kernel's kill to the kubelet's word of it


def find():
    """Return the hands for the site in the cluster that kubectl means; raises StackError where none is."""
    kubectl = Kubectl(os.environ.get("K8S_NAMESPACE") or NAMESPACE)
    kinds = {name(each): each["kind"].lower() for each in kubectl.list("deployments,statefulsets")}
    if missing := [service for service in APP if service not in kinds]:
        words = f"no {', '.join(missing)} in the namespace {kubectl.namespace}"
        raise StackError(f"{words}: `make deploy` puts the site there, K8S_NAMESPACE names another")
    given = os.environ.get("K8S_URL", "").rstrip("/")
    if not (doors := [given] if given else kubectl.doors()):
        raise StackError("the Service nginx has no address outside: K8S_URL says where it is reached")
    what = f"{' or '.join(doors)} answers from this machine (K8S_URL names another address)"
    return Kubernetes(kubectl, kinds, until(lambda: next(filter(_answers, doors), ""), what, DOOR_SECONDS, 1))


def _answers(url):
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname, port), timeout=3):
        return True
    return False


class Kubernetes:
    """Pods by their names; what it changes beyond pods it owes to the cluster."""

    mode = "kubernetes"
    rolled = unnoticed = APP  # services, and those in whose rolls no page request may fail
    undone = ("ws", "web")
    steps = (1, 4, 2)  # the numbers of ws pods, one after the other
    glance = 1.0  # seconds between two looks
    patience = 300.0  # seconds to be well again: a container that was killed often is let wait
    per_kind = 90.0  # a drill of that many seconds for each kind of fault must have had them all

    def __init__(self, kubectl, kinds, url):
        self.kubectl, self.kinds, self.url = kubectl, kinds, url
        self.services = self.probed = tuple(each for each in (*APP, *STORES) if each in kinds)
        missing = [store for store in STORES if store not in kinds]
        self.left_out = [f"{store} is not in this cluster: it is left alone" for store in missing]
        self.inside, self.debts = Inside(kubectl), Debts(kubectl)
        self.redis, self.put_back = self.inside.redis, self.debts.pay_all
        self.scaler = self._scaler()
        self.drains = self._can_drain()

    def _scaler(self):
        """Return the name of the autoscaler of ws, "" where there is none."""
        found = [each for each in self.kubectl.list("hpa") if each["spec"]["scaleTargetRef"]["name"] == "ws"]
        if found and found[0]["metadata"].get("ownerReferences"):
            self.steps = ()
            self.left_out.append("the autoscaler of ws is another program's: ws is not scaled")
        return name(found[0]) if found else ""

    def _can_drain(self):
        nodes = self.kubectl.nodes()
        if len(nodes) < 2:
            self.left_out.append(f"{len(nodes)} node takes pods, two are needed: no node is drained")
        return len(nodes) > 1

    # How it is.

    def _pods(self, service):
        return self.kubectl.pods(f"{NAME}={service}")

    def lives(self, service):
        """Return {pod: what changes when it, or its container, is started anew}."""
        return {
            name(pod): life(pod) for pod in self._pods(service) if is_true(pod, "Ready") and not is_going(pod)
        }

    def processes(self, service):
        """Return the pods that serve."""
        return sorted(self.lives(service))

    def wanted(self, service, before=0):
        """Return how many pods a service should have now: its autoscaler may have changed it."""
        return self._workload(service)["spec"]["replicas"]

    def _workload(self, service):
        return self.kubectl.get(f"{self.kinds[service]}/{service}")

    def healthy(self, service):
        """Tell whether a service has all its pods ready, and no others."""
        pods = self._pods(service)
        well = all(is_true(pod, "Ready") and not is_going(pod) for pod in pods)
        return well and len(pods) == self.wanted(service)

    def _wait(self, service, what):
        try:
            until(lambda: self.healthy(service), what, self.patience, self.glance)
        except StackError as error:
            raise StackError(f"{error}. {self._troubles(service)}") from None

    def _troubles(self, service):
        """Say how the pods of a service are."""
        words = []
        for pod in self._pods(service):
            states = [each.get("state", {}) for each in pod["status"].get("containerStatuses", ())]
            waiting = [state["waiting"].get("reason", "waiting") for state in states if "waiting" in state]
            ready = "ready" if is_true(pod, "Ready") else "not ready"
            words.append(f"{name(pod)}: {'going' if is_going(pod) else ' '.join([ready, *waiting])}")
        return "; ".join(words) or f"there is no pod of {service}"

    # What is done to pods.

    def kill(self, pod):
        """Kill a pod's main process with -9, by the kernel: its container is made to exceed its memory.

        From inside a container nobody can kill its first process. A pod that is deleted by force keeps its
        whole grace (https://github.com/kubernetes/kubernetes/issues/120449), while another db-0 may open the
        same files. Where memory has no limit, or the process that exceeds it dies alone (cgroup v1), the pod
        is deleted with a second of grace.
        """
        found = self.kubectl.get("pod", pod)
        service, limit = found["metadata"]["labels"][NAME], memory_limit(found)
        if limit:
            self.inside.fill_memory(pod, service, limit)
            with contextlib.suppress(StackError):
                until(lambda: self._is_another(found), f"{pod} was killed", STRUCK_SECONDS, self.glance)
                return
        words = f"{service} is not killed by -9 here, it is deleted with a second of grace"
        self.left_out += [words] if words not in self.left_out else []
        self.kubectl.do("delete", "pod", pod, "--grace-period=1", "--wait=false")

    def _is_another(self, before):
        pods = self._pods(before["metadata"]["labels"][NAME])
        return life(before) not in map(life, pods)

    def stop(self, pod):
        """Delete a pod as a rollout does, with its grace; another one takes its place."""
        self.kubectl.do("delete", "pod", pod, "--wait=false")

    def pause(self, pod, seconds):
        """Let Redis answer nobody for so long: nobody inside a container can stop its first process."""
        self.redis("CLIENT", "PAUSE", str(int(seconds * 1000)), "ALL")

    def unpause(self, pod):
        """Nothing to do: the pause ends by itself, and holds up whoever would end it."""

    # What is done to all of a service, or to a node.

    def scale(self, count):
        """Have so many ws pods: the autoscaler is told, since it would undo anything else."""
        if self.scaler:
            now = self.kubectl.get("hpa", self.scaler)["spec"]
            self.debts.owe("ws", *self._limits(now.get("minReplicas"), now["maxReplicas"]))
            self.kubectl.do(*self._limits(count, count))
        else:
            self.debts.owe("ws", "scale", "deployment/ws", f"--replicas={self.wanted('ws')}")
            self.kubectl.do("scale", "deployment/ws", f"--replicas={count}")
        until(lambda: self.wanted("ws") == count, f"{count} of ws are wanted", self.patience, self.glance)
        self._wait("ws", f"{count} of ws")

    def _limits(self, least, most):
        patch = {"spec": {"minReplicas": least, "maxReplicas": most}}
        return ("patch", "hpa", self.scaler, "--type=merge", "-p", json.dumps(patch))

    def roll(self, service):
        """Replace every pod of a service, one after the other, until the last old one is gone."""
        self.kubectl.do("rollout", "restart", f"deployment/{service}")
        self._rolled(service)

    def undo(self, service):
        """Go back to the release before: first one is made that changes nothing, so it is this very one."""
        before = self._workload(service)["spec"]["template"]
        self.roll(service)
        self.kubectl.do("rollout", "undo", f"deployment/{service}")
        self._rolled(service)
        if self._workload(service)["spec"]["template"] != before:
            raise StackError(f"the undo of {service} came to another release")

    def _rolled(self, service):
        command = ("rollout", "status", f"deployment/{service}", f"--timeout={ROLL_SECONDS}s")
        try:
            self.kubectl.do(*command, seconds=ROLL_SECONDS + 30)
        except StackError as error:
            raise StackError(f"{error}. What ran before goes on. {self._troubles(service)}") from None
        self._wait(service, f"{service} has only new pods")

    def drain(self, dice):
        """Take a node out of service under its pods, and give it back when all of them run elsewhere."""
        node = dice.choice(self._full_nodes() or self._spread())
        self.debts.owe(node, "uncordon", node)
        try:
            self.kubectl.do(
                "drain", node, "--ignore-daemonsets", "--delete-emptydir-data",
                f"--pod-selector={OURS}", f"--timeout={DRAIN_SECONDS}s", seconds=DRAIN_SECONDS + 30,
            )  # fmt: skip
            for service in self.services:
                self._wait(service, f"{service} runs elsewhere")
            if left := [name(pod) for pod in self.kubectl.pods(OURS) if pod["spec"].get("nodeName") == node]:
                raise StackError(f"the drain of {node} left {', '.join(left)}")
        finally:
            self.debts.pay(node)

    def _full_nodes(self):
        """Return the nodes that hold pods of ours; not the database's, which could go nowhere."""
        pods = self.kubectl.pods(OURS)
        holding = {pod["spec"].get("nodeName") for pod in pods}
        keeping = {pod["spec"].get("nodeName") for pod in pods if pod["metadata"]["labels"].get(NAME) == "db"}
        return [node for node in self.kubectl.nodes() if node in holding - keeping]

    def _spread(self):
        """Return such nodes after rolls: pods that a drain drove together stay so until they are replaced."""
        for service in APP:
            self.roll(service)
        if found := self._full_nodes():
            return found
        raise StackError("no node but the database's holds a pod")

    def rows(self, sql):
        """Return the rows of a query, as texts; web asks it, wherever its database is."""
        if not (pods := self.processes("web")):
            raise StackError("no web pod is ready to ask the database")
        return self.inside.rows(pods[0], sql)
