"""Images may have any name, and each release has migrations of its own."""

import importlib.util
import re
import sys

import pytest

from tests.manifests.test_k8s_deploy import ROOT, Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def images(text):
    return set(re.findall(r"image: (\S+)", text))


def migrations(text):
    return re.findall(r"^  name: (migrate-[0-9a-f]{8})$", text, re.MULTILINE)


def test_it_works(site):
    status, text = site.make("render", O="local")
    assert status == 0 and images(text) == {
        "partyline-app:latest",
        "partyline-front:latest",
        "redis:8",
        "postgres:17",
    }


def test_every_name_and_tag_can_be_another(site):
    names = {"APP_IMAGE": "registry.example:5000/team/app", "FRONT_IMAGE": "front", "TAG": "1.2"}
    names |= {"REDIS_IMAGE": "registry.example:5000/redis", "POSTGRES_IMAGE": f"pg@sha256:{'a' * 64}"}
    _, text = site.make("render", O="local", **names)
    assert images(text) == {
        "registry.example:5000/team/app:1.2",
        "front:1.2",
        "registry.example:5000/redis:latest",
        f"pg@sha256:{'a' * 64}",
    }


def test_what_was_built_last_is_taken(site):
    (site.main / "var/k8s").mkdir(parents=True)
    (site.main / "var/k8s/images.env").write_text("APP_IMAGE=r/app\nFRONT_IMAGE=r/front\nTAG=abc\n")
    assert {"r/app:abc", "r/front:abc"} <= images(site.make("render", O="local")[1])
    assert {"r/app:def", "r/front:def"} <= images(site.make("render", O="local", TAG="def")[1])


def test_migrations_run_once_for_each_release(site):
    """A Job cannot be changed: the same release has the same name, another image or setting another."""
    (first,) = migrations(site.make("render", O="local", TAG="1")[1])
    assert migrations(site.make("render", O="local", TAG="1")[1]) == [first]
    (second,) = migrations(site.make("render", O="local", TAG="2")[1])
    settings = site.main / "k8s/base/settings.env"
    settings.write_text(settings.read_text().replace("LOG_LEVEL=INFO", "LOG_LEVEL=DEBUG"))
    (third,) = migrations(site.make("render", O="local", TAG="1")[1])
    assert len({first, second, third}) == 3


def test_nothing_waits_for_the_migrations_by_name(site):
    """Pods ask the database itself (migrate --check), so an undone release finds what it needs too."""
    _, text = site.make("render", O="local")
    (name,) = migrations(text)
    assert text.count(name) == 1


def test_the_rendered_text_is_read_as_it_is_written():
    """Our reading of kustomize's output, which needs no YAML library where one only deploys."""
    path = ROOT / "scripts/k8s/common.py"
    spec = importlib.util.spec_from_file_location("k8s_common", path)
    common = importlib.util.module_from_spec(spec)
    sys.modules["k8s_common"] = common
    spec.loader.exec_module(common)
    text = (
        "kind: Job\nmetadata:\n  annotations:\n    name: no\n  labels:\n    name: no\n  name: yes\nspec: {}\n"
    )
    assert common.name(text) == "yes" and common.kind(text) == "Job"
    assert len(common.documents(f"{text}---\n{text}")) == 2
