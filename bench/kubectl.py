"""The cluster, as kubectl sees it: every call has a limit, and what goes wrong is said in words."""

import contextlib
import json
import re
import shlex
import shutil
import time

from .shell import StackError, run

NAME = "app.kubernetes.io/name"
OURS = "app.kubernetes.io/part-of=partyline"
TRIES = 3  # of a question: an API server under load lets one fall now and then
AGAIN = 1.0  # seconds between them
UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


class Kubectl:
    """kubectl with the person's own context, in one namespace."""

    def __init__(self, namespace):
        """Refuse where nobody answers."""
        self.namespace = namespace
        if not shutil.which("kubectl"):
            raise StackError("kubectl is not here, and K8S asks for a cluster")
        try:
            self.do("version", "-o", "json", "--request-timeout=10s", seconds=30)
        except StackError as error:
            raise StackError(f"no cluster answers. {error}") from None

    def do(self, *arguments, seconds=60):
        """Run kubectl and return what it prints."""
        return run("kubectl", "-n", self.namespace, *arguments, seconds=seconds)

    def get(self, *arguments):
        """Return what `kubectl get` finds, as a dict; a question that fails is asked again."""
        for left in reversed(range(TRIES)):
            try:
                return json.loads(self.do("get", *arguments, "-o", "json", seconds=30))
            except StackError:
                if not left:
                    raise
                time.sleep(AGAIN)

    def list(self, *arguments):
        return self.get(*arguments)["items"]

    def pods(self, selector):
        """Return the pods that have not ended for good."""
        ended = ("Succeeded", "Failed")
        return [pod for pod in self.list("pods", "-l", selector) if pod["status"].get("phase") not in ended]

    def nodes(self):
        """Return the names of the nodes on which pods may start."""
        return sorted(name(node) for node in self.list("nodes") if usable(node))

    def doors(self):
        """Return the addresses at which the site should answer from outside."""
        service = self.get("service", "nginx")
        spec, ports = service["spec"], service["spec"]["ports"]
        port = next((port for port in ports if port["name"] == "https"), ports[0])
        if spec["type"] == "LoadBalancer":
            found = service["status"].get("loadBalancer", {}).get("ingress", ())
            hosts, number = [door.get("hostname") or door["ip"] for door in found], port["port"]
        elif spec["type"] == "NodePort":
            hosts = [address(node) for node in self.list("nodes") if is_true(node, "Ready")]
            number = port["nodePort"]
        else:
            hosts, number = (), 0
        return [f"{port['name']}://{f'[{host}]' if ':' in host else host}:{number}" for host in hosts]


class Debts:
    """What was changed and has to be put back, also when a fault fails or is interrupted."""

    def __init__(self, kubectl):
        self.kubectl, self.owed = kubectl, {}  # what: the command that puts it back as it was first found

    def owe(self, what, *command):
        self.owed.setdefault(what, command)

    def pay(self, what):
        self.kubectl.do(*self.owed[what])
        del self.owed[what]

    def pay_all(self):
        """Put everything back; raises StackError with the commands that are left to do."""
        for what in list(self.owed):
            with contextlib.suppress(StackError):
                self.pay(what)
        if self.owed:
            left = [
                shlex.join(["kubectl", "-n", self.kubectl.namespace, *each]) for each in self.owed.values()
            ]
            raise StackError(f"not put back; do it by hand: {'; '.join(left)}")


def name(thing):
    return thing["metadata"]["name"]


def is_true(thing, condition):
    """Tell whether a condition of a pod or node holds."""
    found = thing["status"].get("conditions", ())
    return any(each["type"] == condition and each["status"] == "True" for each in found)


def is_going(pod):
    return "deletionTimestamp" in pod["metadata"]


def life(pod):
    """Return what changes when a pod is another one, or its main container was started anew in it."""
    container, found = pod["metadata"]["labels"][NAME], pod["status"].get("containerStatuses", ())
    main = next((each for each in found if each["name"] == container), {})
    runs = "running" in main.get("state", {})
    return f"{pod['metadata']['uid']} {main.get('restartCount', 0)} {'runs' if runs else ''}"


def memory_limit(pod):
    """Return the most bytes that a pod's main container may have, 0 where that is not known."""
    containers = pod["spec"]["containers"]
    found = next(each for each in containers if each["name"] == pod["metadata"]["labels"][NAME])
    limit = found.get("resources", {}).get("limits", {}).get("memory", "")
    number, unit = re.match(r"([\d.]*)(.*)", limit).groups()
    return int(float(number) * UNITS[unit]) if number and unit in UNITS else 0


def usable(node):
    """Tell whether a node is ready and takes pods without being tolerated."""
    tainted = any(taint["effect"] != "PreferNoSchedule" for taint in node["spec"].get("taints", ()))
    return is_true(node, "Ready") and not tainted and not node["spec"].get("unschedulable")


def address(node):
    found = {each["type"]: each["address"] for each in node["status"]["addresses"]}
    return found["InternalIP"]
