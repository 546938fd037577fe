"""Runs rendered pods as Docker containers: the same users, files, limits and commands, without a cluster."""

import base64
import os
import subprocess
from pathlib import Path

from tests.manifests.k8s_render import named, pod, workloads


def docker(*arguments, check=True):
    done = subprocess.run(["docker", *map(str, arguments)], capture_output=True, text=True, timeout=180)
    assert not check or done.returncode == 0, f"docker {arguments[:2]}: {done.stderr or done.stdout}"
    return done


class Kubelet:
    """A node of one: its pods find each other by their Services' names, on a network of their own."""

    def __init__(self, objects, folder, images):
        self.objects, self.folder, self.images = objects, Path(folder), images
        self.name = f"partyline-k8s-{os.getpid()}"
        self.started = []
        docker("network", "create", self.name)

    def volume(self, spec, group):
        """Make what a volume mounts, owned as the kubelet would have it; return its path."""
        place = self.folder / spec["name"]
        place.mkdir(parents=True, exist_ok=True)
        files, mode = {}, 0o644
        if "secret" in spec:
            found = named(self.objects, "Secret", spec["secret"]["secretName"])["data"]
            files, mode = {k: base64.b64decode(v) for k, v in found.items()}, spec["secret"]["defaultMode"]
        elif "configMap" in spec:
            found = named(self.objects, "ConfigMap", spec["configMap"]["name"])["data"]
            files = {key: value.encode() for key, value in found.items()}
        else:
            # emptyDir is everybody's; a local volume is root's and the group's.
            place.chmod(0o2777 if "emptyDir" in spec else 0o2770)
        os.chown(place, 0, group)
        for name, value in files.items():
            (place / name).write_bytes(value)
            os.chown(place / name, 0, group)
            (place / name).chmod(mode)
        return place

    def arguments(self, workload, container):
        spec, security = pod(workload), pod(workload)["securityContext"]
        limits, context = container["resources"]["limits"], container["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]} and not context["allowPrivilegeEscalation"]
        yield from ("--network", self.name, "--network-alias", workload["metadata"]["name"])
        yield from (
            "--user",
            f"{security['runAsUser']}:{security['runAsGroup']}",
            "--group-add",
            security["fsGroup"],
        )
        yield from ("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true")
        yield from (
            "--memory",
            limits["memory"].replace("i", "").lower(),
            "--env",
            "KUBERNETES_SERVICE_HOST=10.0.0.1",
        )
        if context["readOnlyRootFilesystem"]:
            yield "--read-only"
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for mount in container["volumeMounts"]:
            volume = volumes[mount["name"]]
            if volume.get("emptyDir", {}).get("medium") == "Memory":
                yield from ("--shm-size", "128m")
                continue
            place = self.volume(volume, security["fsGroup"])
            yield from (
                "--volume",
                f"{place}:{mount['mountPath']}" + (":ro" if mount.get("readOnly") else ""),
            )
        for source in container.get("envFrom", ()):
            for key, value in named(self.objects, "ConfigMap", source["configMapRef"]["name"])[
                "data"
            ].items():
                yield from ("--env", f"{key}={value}")
        for entry in container.get("env", ()):
            yield from ("--env", f"{entry['name']}={entry['value']}")
        if "command" in container:
            yield from ("--entrypoint", container["command"][0])
        yield self.images.get(container["image"], container["image"])
        yield from container.get("command", ())[1:]
        yield from container.get("args", ())

    def run(self, name, *options):
        """Start one pod of a workload; return its container's id. What runs first has ended by then."""
        workload = workloads(self.objects)[name]
        home, number = self.folder, len(self.started)
        self.folder = home / (name if name == "db" else f"{name}-{number}")
        try:
            for first in pod(workload).get("initContainers", ()):
                docker("run", "--rm", *self.arguments(workload, first))
            (container,) = pod(workload)["containers"]
            made = docker("run", "--detach", *options, *self.arguments(workload, container)).stdout.strip()
        finally:
            self.folder = home
        self.started.append(made)
        return made

    def probe(self, name, made, kind="readiness"):
        """Tell whether a pod's probe says yes."""
        (container,) = pod(workloads(self.objects)[name])["containers"]
        return (
            docker("exec", made, *container[f"{kind}Probe"]["exec"]["command"], check=False).returncode == 0
        )

    def stop(self, made, name):
        """Stop a pod as a kubelet does; return its exit status."""
        docker("stop", "--time", pod(workloads(self.objects)[name])["terminationGracePeriodSeconds"], made)
        return int(docker("inspect", "--format", "{{.State.ExitCode}}", made).stdout)

    def clean(self):
        for made in self.started:
            docker("rm", "--force", "--volumes", made, check=False)
        docker("network", "rm", self.name, check=False)
