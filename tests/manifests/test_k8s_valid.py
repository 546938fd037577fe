"""Every overlay, with any component, is something that a Kubernetes from 1.30 on takes as it is."""

import functools
import re

import pytest
from kubernetes_validate import utils

from tests.manifests.k8s_render import containers, every_variant, of_kind, pod, render, workloads

VERSIONS = ("1.30", "1.34", "1.36", "1.37")
# Kinds that do not come with Kubernetes; nobody checks them here.
OTHERS = {"HTTPRoute": "gateway.networking.k8s.io/v1", "ScaledObject": "keda.sh/v1alpha1"}
CLUSTER_WIDE = {"Namespace", "PersistentVolume"}
# Secrets that somebody else writes: the certificates.
FOREIGN = {"nginx-tls", "partyline-tls"}


@pytest.fixture(autouse=True, scope="module")
def schemas_read_once():
    """The validator reads megabytes anew for every object."""
    before = utils.schema_contents
    utils.schema_contents = functools.cache(before)
    yield
    utils.schema_contents = before


@pytest.mark.parametrize("version", VERSIONS)
@every_variant
def test_it_works(variant, version):
    for found in render(*variant):
        if found["kind"] in OTHERS:
            assert found["apiVersion"] == OTHERS[found["kind"]]
        else:
            utils.validate(found, version, strict=True)


@every_variant
def test_no_api_that_goes_away(variant):
    for found in render(*variant):
        if found["kind"] not in OTHERS:
            assert re.search(r"(^|/)v\d+$", found["apiVersion"]), "neither alpha nor beta"


@every_variant
def test_all_in_one_namespace_and_each_once(variant):
    objects = render(*variant)
    names = [(found["kind"], found["metadata"]["name"]) for found in objects]
    assert len(names) == len(set(names))
    for found in objects:
        expected = None if found["kind"] in CLUSTER_WIDE else "partyline"
        assert found["metadata"].get("namespace") == expected


@every_variant
def test_labelled_as_kubernetes_recommends(variant):
    for found in of_kind(
        render(*variant), "Deployment", "StatefulSet", "Job", "Service", "HorizontalPodAutoscaler"
    ):
        labels = found["metadata"]["labels"]
        assert labels["app.kubernetes.io/part-of"] == "partyline"
        assert labels["app.kubernetes.io/name"] == found["metadata"]["name"].removesuffix("-metrics")


@every_variant
def test_what_is_named_is_there(variant):
    objects = render(*variant)
    there = {(found["kind"], found["metadata"]["name"]) for found in objects}
    for workload in workloads(objects).values():
        spec = pod(workload)
        assert ("ServiceAccount", spec["serviceAccountName"]) in there
        mounted = {mount["name"] for container in containers(workload) for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
        for volume in spec["volumes"]:
            if "secret" in volume and volume["secret"]["secretName"] not in FOREIGN:
                assert ("Secret", volume["secret"]["secretName"]) in there
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in there
        for container in containers(workload):
            for source in container.get("envFrom", ()):
                assert ("ConfigMap", source["configMapRef"]["name"]) in there
    for claim in of_kind(objects, "PersistentVolumeClaim"):
        assert ("PersistentVolume", claim["spec"]["volumeName"]) in there
    for found in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject"):
        target = found["spec"]["scaleTargetRef"]
        assert (target.get("kind", "Deployment"), target["name"]) in there


@every_variant
def test_a_change_of_settings_or_secrets_is_a_new_release(variant):
    """Their names end in a hash, so pods that read them are replaced, and an undo finds the old ones."""
    for found in of_kind(render(*variant), "ConfigMap", "Secret"):
        assert re.search(r"-[a-z0-9]{10}$", found["metadata"]["name"])


@every_variant
def test_selectors_find_their_pods_and_no_others(variant):
    objects = render(*variant)
    labels = {
        name: workload["spec"]["template"]["metadata"]["labels"]
        for name, workload in workloads(objects).items()
    }

    def selected(by):
        return {name for name, has in labels.items() if by.items() <= has.items()}

    for found in of_kind(objects, "Service"):
        assert selected(found["spec"]["selector"]) == {found["metadata"]["labels"]["app.kubernetes.io/name"]}
    for found in of_kind(objects, "Deployment", "StatefulSet", "PodDisruptionBudget"):
        assert selected(found["spec"]["selector"]["matchLabels"]) == {found["metadata"]["name"]}
    for name, workload in workloads(objects).items():
        for spread in pod(workload).get("topologySpreadConstraints", ()):
            assert selected(spread["labelSelector"]["matchLabels"]) == {name}


@every_variant
def test_a_service_leads_to_a_named_port_that_is_there(variant):
    objects = render(*variant)
    for found in of_kind(objects, "Service"):
        (container,) = pod(workloads(objects)[found["spec"]["selector"]["app.kubernetes.io/name"]])[
            "containers"
        ]
        open_ports = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in found["spec"]["ports"]} <= open_ports
        assert all(port["name"] == port["targetPort"] for port in found["spec"]["ports"])
