"""Two processes have the same version exactly if they run the same code."""

import shutil
from pathlib import Path

import pytest

import partyline
from partyline.live.version import version


@pytest.fixture
def code(tmp_path):
    """Return a function that gives a copy of the code by a name."""

    def copy(name):
        source = Path(partyline.__file__).parent / "dashboard"
        return shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))

    return copy


def test_it_works(code):
    assert version(code("one")) == version(code("two")) and len(version()) == 8


def test_any_module_and_any_template_counts(code):
    seen = {version(code("as it is"))}
    for n, (name, text) in enumerate({"views.py": "\n", "new.py": "", "x.html": "<p>", "x.txt": "t"}.items()):
        changed = code(str(n))
        with (changed / name).open("a") as file:
            file.write(text)
        seen.add(version(changed))
    assert len(seen) == 5


def test_what_is_no_code_does_not(code):
    changed = code("one")
    (changed / "notes.md").write_text("x")
    (changed / "__pycache__").mkdir()
    (changed / "__pycache__" / "views.pyc").write_bytes(b"x")
    assert version(changed) == version(code("two"))


def test_a_name_counts_too(code):
    changed = code("one")
    (changed / "views.py").rename(changed / "viewz.py")
    assert version(changed) != version(code("two"))
