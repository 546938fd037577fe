"""Apply an overlay to the cluster that kubectl means, wait until it serves, say where, or what is wrong."""

import urllib.error
import urllib.request

from cluster import Cluster, until
from common import ROOT, VAR, Failed, documents, kind, name, overlay, say
from render import render

MIGRATE_SECONDS = 900
ROLLOUT_SECONDS = 600
LAST_LINES = 25
DB_LABEL = "partyline/db"
LOST = """\
The cluster keeps this site's database, but .secrets/db_password, which opens it, is not here. Put it back:
    mkdir -p -m 700 .secrets
    kubectl -n {0} get secret "$(kubectl -n {0} get statefulset db -o 'jsonpath={{..secret.secretName}}')" \\
        -o 'jsonpath={{.data.db_password}}' | base64 -d > .secrets/db_password"""


def deploy():
    """Do it all; raise Failed with the reason where something does not come up."""
    own_stores = overlay() == ROOT / "k8s/overlays/local"
    if own_stores and not (ROOT / ".secrets/db_password").exists():
        # Before rendering, which would make another password.
        cluster = Cluster("partyline")
        if cluster.get("pv", "partyline-db"):
            raise Failed(LOST.format(cluster.namespace))
    text = render()
    made = {(kind(document), name(document)) for document in documents(text)}
    cluster = Cluster(next(one for what, one in made if what == "Namespace"))
    if f"{DB_LABEL}\n" in text:
        place_database(cluster)
    jobs = sorted(one for what, one in made if what == "Job")
    for job in jobs:
        if "Failed" in ended(cluster, job):  # another try is another Job of the same name
            cluster.do("delete", "job", job)
    file = VAR / overlay().name / "manifests.yaml"
    file.touch(mode=0o600)
    file.write_text(text)
    changed = [line for line in cluster.do("apply", "-f", str(file)).splitlines() if "unchanged" not in line]
    say("\n".join(changed) or "Nothing has changed.")
    for one in sorted(one for what, one in made if what == "StatefulSet"):
        wait_for_rollout(cluster, f"statefulset/{one}")
    for job in jobs:
        wait_for_job(cluster, job)
    for one in sorted(one for what, one in made if what == "Deployment"):
        wait_for_rollout(cluster, f"deployment/{one}")
    tell_address(cluster)


def place_database(cluster):
    """Give one node the label that the database's volume asks for; a node that has it keeps it."""
    having = cluster.list("nodes", "-l", f"{DB_LABEL}=here")
    if len(having) > 1:
        names = ", ".join(node["metadata"]["name"] for node in having)
        raise Failed(
            f"{names} have the label {DB_LABEL}=here. Only one can hold the database: take it off others."
        )
    if not having:
        if not (nodes := cluster.nodes()):
            raise Failed("No node of the cluster is ready and takes pods.")
        node = nodes[0]["metadata"]["name"]
        say(f"The database goes to the node {node}, into /var/lib/partyline/db.")
        cluster.do("label", "node", node, f"{DB_LABEL}=here")


def wait_for_job(cluster, job):
    """Wait until the migrations have run; one that failed shows its last lines."""
    say(f"Waiting for {job} …")
    selector = f"job-name={job}"
    until(lambda: ended(cluster, job) or cluster.hopeless(selector), MIGRATE_SECONDS)
    if "Complete" not in (found := ended(cluster, job)):
        raise Failed(f"{job} {'failed' if found else 'has not ended'}.\n{troubles(cluster, selector)}")


def ended(cluster, job):
    """Return how a Job ended: {"Complete"}, {"Failed"}, or an empty set."""
    conditions = cluster.get("job", job).get("status", {}).get("conditions", ())
    return {c["type"] for c in conditions if c["status"] == "True"} & {"Complete", "Failed"}


def wait_for_rollout(cluster, what):
    """Wait until all its pods are this release's and ready, and are as many as its autoscaler's least."""
    say(f"Waiting for {what} …")
    one = what.partition("/")[2]
    selector = f"app.kubernetes.io/name={one}"
    least = cluster.get("hpa", one).get("spec", {}).get("minReplicas", 1)
    tries = []

    def has_rolled():
        tries.append(cluster.run("rollout", "status", what, "--timeout=10s"))
        if tries[-1].returncode:
            return "timed out" not in tries[-1].stderr or cluster.hopeless(selector)
        return cluster.get(what).get("status", {}).get("readyReplicas", 0) >= least

    if not until(has_rolled, ROLLOUT_SECONDS) or tries[-1].returncode:
        words = f"{tries[-1].stderr.strip()}\n{troubles(cluster, selector)}"
        raise Failed(f"{what} did not come up. What ran before goes on.\n{words}")


def troubles(cluster, selector):
    """Return the pods, the last warnings and the last lines of the logs, for a person to read."""
    asked = (
        ("get", "pods", "-o", "wide", "-l", selector),
        ("get", "events", "--field-selector", "type=Warning", "--sort-by=.lastTimestamp"),
        ("logs", "-l", selector, "--all-containers", "--prefix", f"--tail={LAST_LINES}"),
    )
    answers = (cluster.run(*arguments) for arguments in asked)
    return "\n".join("\n".join(answer.stdout.strip().splitlines()[-LAST_LINES:]) for answer in answers)


def tell_address(cluster):
    """Say where the site is; right after a rollout a fresh Service may refuse for a moment."""
    spec = (service := cluster.get("service", "nginx"))["spec"]
    port = next((p for p in spec["ports"] if p["name"] == "https"), spec["ports"][0])
    scheme = port["name"]
    if spec["type"] == "NodePort":
        hosts = [host for node in cluster.nodes() if (host := reached(node))]
        addresses = [f"{scheme}://{f'[{h}]' if ':' in h else h}:{port['nodePort']}/" for h in hosts]
        if scheme == "http" and not any(until(lambda a=a: answers(a), 20) for a in addresses[:1]):
            say("It runs, but its door does not answer from this machine: is there a firewall in between?")
    elif spec["type"] == "LoadBalancer":
        doors = service["status"].get("loadBalancer", {}).get("ingress", ())
        addresses = [f"{scheme}://{door.get('hostname') or door.get('ip')}/" for door in doors]
        if not addresses:
            say("The load balancer has no address yet: kubectl get service nginx")
    else:
        addresses = ()
        say(f"From here: kubectl -n {cluster.namespace} port-forward service/nginx 8080:{port['port']}")
    for address in addresses:
        say(f"Partyline is at {address}")


def reached(node):
    """Return the address at which a node is best reached from outside."""
    found = {address["type"]: address["address"] for address in reversed(node["status"]["addresses"])}
    return found.get("ExternalIP") or found.get("InternalIP")


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False
