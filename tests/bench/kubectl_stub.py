"""A kubectl of tests, with a tiny cluster in $CLUSTER/state.json: every call lets a moment pass in it.

In a moment, autoscalers and controllers want what they want, pods that were told to go are gone, new pods get
a node, and pods that had one are ready. `asked` notes every call; `fails` holds {its start: [words, times]}.
"""

import fcntl
import json
import os
import re
import sys
import time
from pathlib import Path

LABEL, PART = "app.kubernetes.io/name", "app.kubernetes.io/part-of"


def arrive(cluster):
    """Let a moment pass."""
    for each in cluster["hpa"]:
        spec, target = each["spec"], cluster["work"][each["spec"]["scaleTargetRef"]["name"]]["spec"]
        target["replicas"] = min(max(target["replicas"], spec["minReplicas"]), spec["maxReplicas"])
    pods = cluster["pods"]
    pods[:] = [pod for pod in pods if not pod["metadata"].pop("gone", False)]
    for pod in pods:
        if "deletionTimestamp" in pod["metadata"]:
            pod["metadata"]["gone"] = True
        elif not pod["spec"].get("nodeName"):
            place(cluster, pod)
        elif service_of(pod) not in cluster["stuck"]:
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
            pod["status"]["containerStatuses"][0]["state"] = {"running": {}}
    for service in cluster["work"]:
        control(cluster, service)


def control(cluster, service):
    """Have as many pods of a service as it wants, of its release; an old one goes when new ones are ready."""
    work = cluster["work"][service]
    mine = [pod for pod in cluster["pods"] if service_of(pod) == service and staying(pod)]
    new = [pod for pod in mine if pod["release"] == work["release"]]
    old = [pod for pod in mine if pod not in new]
    named = work["kind"] == "StatefulSet"
    if named and any(service_of(pod) == service and not staying(pod) for pod in cluster["pods"]):
        return
    if len(new) < work["spec"]["replicas"]:
        cluster["pods"].append(pod_of(cluster, service))
    elif old and all(ready(pod) for pod in new):
        go(old[0])
    elif len(new) > work["spec"]["replicas"]:
        go(new[0])


def pod_of(cluster, service):
    cluster["count"] += 1
    work = cluster["work"][service]
    name = f"{service}-0" if work["kind"] == "StatefulSet" else f"{service}-{cluster['count']:03}"
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{cluster['count']}",
            "labels": {LABEL: service, PART: "partyline"},
        },
        "release": work["release"],
        "spec": {"containers": [{"name": service, "resources": {"limits": {"memory": cluster["memory"]}}}]},
        "status": {
            "phase": "Running",
            "conditions": [],
            "containerStatuses": [
                {"name": service, "restartCount": 0, "state": {"waiting": {"reason": "Starting"}}}
            ],
        },
    }


def place(cluster, pod):
    """Give a pod the node with the fewest of its kind; the database's is where its directory is."""
    free = [node["metadata"]["name"] for node in cluster["nodes"] if not node["spec"].get("unschedulable")]
    if service_of(pod) == "db":
        free = [node for node in free if node == cluster["home"]]
    alike = [
        p["spec"].get("nodeName") for p in cluster["pods"] if service_of(p) == service_of(pod) and staying(p)
    ]
    if free:
        pod["spec"]["nodeName"] = min(free, key=alike.count)


def service_of(pod):
    return pod["metadata"]["labels"][LABEL]


def staying(pod):
    return "deletionTimestamp" not in pod["metadata"]


def ready(pod):
    return bool(pod["status"]["conditions"])


def go(pod):
    pod["metadata"]["deletionTimestamp"] = "now"


def find(things, name):
    found = [each for each in things if each["metadata"]["name"] == name]
    return found[0] if found else sys.exit(f'Error from server (NotFound): "{name}" not found')


def get(cluster, kind, *rest):
    if kind == "pods":
        wanted = dict([rest[rest.index("-l") + 1].split("=")])
        pods = [pod for pod in cluster["pods"] if wanted.items() <= pod["metadata"]["labels"].items()]
        return {"items": pods}
    if kind == "deployments,statefulsets":
        return {"items": list(cluster["work"].values())}
    if kind in ("nodes", "hpa") and rest[0] == "-o":
        return {"items": cluster[kind]}
    if "/" in kind:
        return find(cluster["work"].values(), kind.partition("/")[2])
    return {"pod": lambda: find(cluster["pods"], rest[0]), "hpa": lambda: find(cluster["hpa"], rest[0]),
            "service": lambda: cluster["service"]}[kind]()  # fmt: skip


def patch(cluster, kind, name, *rest):
    find(cluster[kind], name)["spec"] |= json.loads(rest[rest.index("-p") + 1])["spec"]


def scale(cluster, what, replicas):
    cluster["work"][what.partition("/")[2]]["spec"]["replicas"] = int(replicas.partition("=")[2])


def delete(cluster, kind, name, *rest):
    pod = find(cluster["pods"], name)
    cluster["pods"].remove(pod) if "--force" in rest else go(pod)


def rollout(cluster, verb, what, *rest):
    service = what.partition("/")[2]
    work = cluster["work"][service]
    template = work["spec"]["template"]
    if verb == "restart":
        work["before"], work["release"] = [work["release"], template], work["release"] + 1
        work["spec"]["template"] = {
            "metadata": {"annotations": {"restartedAt": f"moment {cluster['count']}"}}
        }
    elif verb == "undo":
        if not work.get("before"):
            sys.exit(f'error: no rollout history found for deployment "{service}"')
        work["before"], work["spec"]["template"] = [work["release"], template], work["before"][1]
        work["release"] += 1
    else:
        for _ in range(60):
            mine = [pod for pod in cluster["pods"] if service_of(pod) == service and staying(pod)]
            if all(ready(pod) and pod["release"] == work["release"] for pod in mine):
                return
            arrive(cluster)
        sys.exit("error: timed out waiting for the condition")


def drain(cluster, node, *rest):
    wanted = next(word for word in rest if word.startswith("--pod-selector="))
    assert wanted == f"--pod-selector={PART}=partyline"
    find(cluster["nodes"], node)["spec"]["unschedulable"] = True
    for pod in cluster["pods"]:
        if pod["spec"].get("nodeName") == node:
            go(pod)
    for _ in range(5):
        arrive(cluster)


def uncordon(cluster, node):
    find(cluster["nodes"], node)["spec"].pop("unschedulable", None)


def execute(cluster, name, flag, container, dashes, *command):
    """Fill memory, ask Redis, or ask the database through web."""
    pod = find(cluster["pods"], name)
    assert (flag, container, dashes) == ("-c", service_of(pod), "--")
    text = " ".join(command)
    if filled := re.search(r"head -c (\d+) /dev/zero", text):
        if cluster["oom_kills"] and int(filled[1]) >= 512 * 2**20:
            status = pod["status"]["containerStatuses"][0]
            status["restartCount"] += 1
            status["state"], pod["status"]["conditions"] = {"terminated": {}}, []
        return "command terminated with exit code 137"
    if "redis-cli" in text:
        asked = command[4:]
        cluster["redis"].append(" ".join(asked))
        if asked[:2] == ("CLIENT", "PAUSE"):
            cluster["away_until"] = time.time() + int(asked[2]) / 1000
        print(0 if asked[0] == "EXISTS" else "OK")
    elif command[:3] == ("python", "manage.py", "shell"):
        print(cluster["says"])
    return None


def main(arguments):
    if arguments[:1] == ["-n"]:
        arguments = arguments[2:]
    place = Path(os.environ["CLUSTER"])
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        cluster = json.loads((place / "state.json").read_text())
        cluster["asked"].append(" ".join(arguments))
        failed = None
        for start, (words, times) in cluster["fails"].items():
            if failed is None and times and cluster["asked"][-1].startswith(start):
                failed, cluster["fails"][start][1] = words, times - 1
        try:
            return failed or answer(cluster, *arguments)
        finally:
            arrive(cluster)
            (place / "next.json").write_text(json.dumps(cluster))
            (place / "next.json").replace(place / "state.json")  # a test may be reading it


def answer(cluster, verb, *rest):
    if verb == "get":
        assert rest[-2:] == ("-o", "json")
        return print(json.dumps(get(cluster, *rest)))
    verbs = {"patch": patch, "scale": scale, "delete": delete, "rollout": rollout, "drain": drain}
    verbs |= {"uncordon": uncordon, "exec": execute, "version": lambda *_: print("{}")}
    return verbs[verb](cluster, *rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
