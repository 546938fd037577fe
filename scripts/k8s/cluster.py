"""The cluster, as kubectl sees it."""

import json
import shutil
import subprocess
import time

from common import Failed

HOPELESS = {"ErrImageNeverPull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
OLDEST = 30  # the minor version of Kubernetes 1.x that this is made for


class Cluster:
    """kubectl with the person's own context, in the site's namespace."""

    def __init__(self, namespace):
        """Refuse where nobody answers, or a Kubernetes older than 1.30 does."""
        self.namespace = namespace
        if not shutil.which("kubectl"):
            raise Failed("kubectl is not here; `make render` works without it.")
        done = self.run("version", "-o", "json")
        if done.returncode:
            raise Failed(f"No cluster answers (kubectl version):\n{done.stderr.strip()}")
        minor = int("".join(c for c in json.loads(done.stdout)["serverVersion"]["minor"] if c.isdigit()))
        if minor < OLDEST:
            raise Failed(f"The cluster is Kubernetes 1.{minor}; this needs 1.{OLDEST} or later.")

    def run(self, *arguments, **options):
        command = ["kubectl", "-n", self.namespace, *arguments]
        return subprocess.run(command, capture_output=True, text=True, **options)

    def get(self, *arguments):
        """Return what `kubectl get` finds as a dict; {}, and no empty list, where there is no such thing."""
        done = self.run("get", *arguments, "--ignore-not-found", "-o", "json")
        if done.returncode:
            raise Failed(f"kubectl get {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout or "{}")

    def do(self, *arguments, **options):
        """Run kubectl, or fail with its words; return what it printed."""
        done = self.run(*arguments, **options)
        if done.returncode:
            raise Failed(f"kubectl {' '.join(arguments)}:\n{(done.stdout + done.stderr).strip()}")
        return done.stdout.strip()

    def list(self, *arguments):
        """Return the objects that `kubectl get` finds, however many."""
        return self.get(*arguments).get("items", [])

    def nodes(self):
        """Return the nodes on which pods may start, control planes first: those are drained least."""
        found = [node for node in self.list("nodes") if usable(node)]
        control = "node-role.kubernetes.io/control-plane"
        return sorted(found, key=lambda n: (control not in n["metadata"]["labels"], n["metadata"]["name"]))

    def hopeless(self, selector):
        """Tell whether a pod waits for what does not come by itself: an image, mostly."""
        pods = self.list("pods", "-l", selector)
        statuses = [s for pod in pods for s in pod["status"].get("initContainerStatuses", ())]
        statuses += [s for pod in pods for s in pod["status"].get("containerStatuses", ())]
        return any(s.get("state", {}).get("waiting", {}).get("reason") in HOPELESS for s in statuses)


def usable(node):
    """Tell whether a node is ready and takes pods without being tolerated."""
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"]["conditions"])
    tainted = any(taint["effect"] != "PreferNoSchedule" for taint in node["spec"].get("taints", ()))
    return ready and not tainted and not node["spec"].get("unschedulable")


def until(condition, seconds, pause=2):
    """Ask again and again until the condition holds; return whether it did in time."""
    deadline = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(pause)
    return met
