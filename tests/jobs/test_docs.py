"""The examples of docs/jobs.md do what it says."""

import importlib
import re
import sys
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage

from partyline.jobs import periodic
from partyline.jobs.models import Job

pytestmark = pytest.mark.django_db(transaction=True)
DOCS = Path(__file__).parents[2] / "docs/jobs.md"


@pytest.fixture
def examples(tmp_path, monkeypatch):
    """Return a module of all Python examples, in their order."""
    monkeypatch.setattr(periodic, "_tasks", {})
    monkeypatch.syspath_prepend(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    (tmp_path / "examples.py").write_text("\n\n".join(blocks))
    yield importlib.import_module("examples")
    del sys.modules["examples"]


def test_a_task(examples, alice):
    examples.start(alice)
    examples.work()
    job = Job.objects.get()
    assert (job.status, job.person, job.label) == ("done", alice, "Greetings from Alice")
    assert (job.text, job.result) == ("2 of 2 greeted", {"greeted": 2})
    assert [line["text"] for line in job.lines] == ["Hello Bob", "Hello Charlie"]
    assert default_storage.open(job.file).read() == b"Bob\nCharlie"


def test_a_cursor(examples):
    examples.count_up.enqueue(3)
    Job.objects.update(cursor=2)
    examples.work()
    job = Job.objects.get()
    assert (job.status, job.done, job.cursor) == ("done", 3, 3)


def test_an_effect_once(examples, as_, alice):
    as_(alice)
    examples.sign_all_out.enqueue()
    examples.work()
    assert Job.objects.get().result == {"gone": 1}
    assert not Session.objects.exists()


def test_stop_and_go(examples):
    examples.count_up.enqueue(3)
    job = Job.objects.get()
    assert examples.stop(job) and job.is_cancelled
    assert examples.stop(job) and job.is_ready


def test_again_and_again(examples):
    assert list(periodic._tasks) == ["examples.on_mondays"]
    examples.on_mondays.enqueue()
    examples.work()
    assert Job.objects.get().result == "done"
