"""Pods hold to the restricted Pod Security Standard, and are read-only, limited, probed, without token."""

import re

import pytest

from tests.manifests.k8s_render import ROOT, containers, every_variant, main, of_kind, pod, render, workloads

# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
HOSTS_OWN = ("hostNetwork", "hostPID", "hostIPC", "hostUsers", "nodeName")


@every_variant
def test_restricted(variant):
    for name, workload in workloads(render(*variant)).items():
        spec, security = pod(workload), pod(workload)["securityContext"]
        assert security["runAsNonRoot"] is True and security["runAsUser"] > 0 and security["runAsGroup"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not set(HOSTS_OWN) & set(spec)
        for volume in spec["volumes"]:
            assert set(volume) - {"name"} <= ALLOWED_VOLUMES, name
        for container in containers(workload):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert not any("hostPort" in port for port in container.get("ports", ()))


@every_variant
def test_the_namespace_enforces_it(variant):
    (namespace,) = of_kind(render(*variant), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@every_variant
def test_nobody_holds_a_token(variant):
    objects = render(*variant)
    for workload in workloads(objects).values():
        assert pod(workload)["automountServiceAccountToken"] is False
        assert pod(workload)["enableServiceLinks"] is False
    accounts = of_kind(objects, "ServiceAccount")
    assert {account["metadata"]["name"] for account in accounts} == set(workloads(objects))
    assert all(account["automountServiceAccountToken"] is False for account in accounts)
    assert not of_kind(objects, "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")


@every_variant
def test_limited(variant):
    for workload in workloads(render(*variant)).values():
        for container in containers(workload):
            for kind in ("requests", "limits"):
                assert set(container["resources"][kind]) == {"cpu", "memory"}
        for volume in pod(workload)["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"]


@every_variant
def test_the_users_are_those_of_the_images(variant):
    users = set(re.findall(r"^USER (\d+):", (ROOT / "services/Dockerfile").read_text(), re.MULTILINE))
    for name, workload in workloads(render(*variant)).items():
        security = pod(workload)["securityContext"]
        expected = {"999"} if name in ("db", "redis") else users
        assert {str(security[key]) for key in ("runAsUser", "runAsGroup", "fsGroup")} == expected


@every_variant
def test_images_are_loaded_by_hand_where_there_is_no_registry(variant):
    for workload in workloads(render(*variant)).values():
        assert {container["imagePullPolicy"] for container in containers(workload)} == {"IfNotPresent"}


@every_variant
def test_probed(variant):
    """Started: be patient. Alive: a minute of silence is death. Ready: ten seconds, then it steps aside."""
    for name, workload in workloads(render(*variant)).items():
        if workload["kind"] == "Job":
            continue
        started, alive, ready = (
            main(workload)[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")
        )
        assert patience(started) >= 60 and patience(alive) >= 60 > patience(ready), name
        assert all(probe["timeoutSeconds"] == 5 for probe in (started, alive, ready))
        assert all(port["name"] for port in main(workload)["ports"])


def patience(probe):
    """Return for how many seconds a probe may fail."""
    return probe["periodSeconds"] * probe["failureThreshold"]


@pytest.mark.parametrize("name", ["secrets", "tls"])
def test_secrets_are_files_for_their_pods_alone(name):
    for workload in workloads(render("production")).values():
        for volume in pod(workload)["volumes"]:
            if volume["name"] == name:
                assert volume["secret"]["defaultMode"] == 0o440
        for container in containers(workload):
            assert not any(re.search("PASSWORD|SECRET", entry["name"]) for entry in container.get("env", ()))
            mounts = [mount for mount in container["volumeMounts"] if mount["name"] == name]
            assert all(mount["readOnly"] for mount in mounts)
