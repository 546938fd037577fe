"""docs/kubernetes.md is true: few commands, and everything that it names is there."""

import re

import pytest

from tests.manifests.k8s_render import COMPONENTS, OVERLAYS, ROOT, main, named, render, workloads

TEXT = (ROOT / "docs/kubernetes.md").read_text()


def test_it_works_in_ten_commands_at_most():
    first = re.search(r"```sh\n(.*?)```", TEXT, re.DOTALL)[1]
    assert "make deploy O=local" in first and len(first.strip().splitlines()) <= 10


@pytest.mark.parametrize("name", [*COMPONENTS, *OVERLAYS])
def test_each_part_is_named(name):
    if name not in ("nodeport", "scrape"):  # parts of others
        assert f"`{name}`" in TEXT or f"k8s/overlays/{name}`" in TEXT


def test_its_verbs_are_makes():
    verbs = set(re.findall(r"^([a-z0-9-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|=\S+ )make ([a-z0-9-]+)", TEXT, re.MULTILINE)) <= verbs


def test_its_commands_name_what_runs():
    objects = render("local")
    for service in re.findall(r"deployment?/(\w+)", TEXT):
        assert service in workloads(objects)
    for service, container in re.findall(r"exec (?:-it )?(?:deploy/)?(\w+?)(?:-0)? -c (\w+)", TEXT):
        assert main(workloads(objects)[service])["name"] == container
    assert named(objects, "HorizontalPodAutoscaler", "ws")


def test_its_numbers_are_the_manifests():
    objects = render("local")
    assert main(workloads(objects)["ws"])["lifecycle"]["preStop"]["sleep"]["seconds"] == 10
    assert "serves for 10 s more" in TEXT
    spec = named(objects, "HorizontalPodAutoscaler", "ws")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 6) and "ws six at most" in TEXT
