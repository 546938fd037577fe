"""Products are ordinary synchronous Django: whoever reads one needs to know nothing of sockets.

Who may import what is import-linter's to say (`make check`); this is what it cannot see.
"""

import ast
from pathlib import Path

import pytest

PARTYLINE = Path(__file__).parents[2] / "partyline"
PRODUCTS = ["people", "rooms", "commentary", "dashboard"]
ASYNC = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)


@pytest.mark.parametrize("product", PRODUCTS)
def test_it_holds(product):
    files = list((PARTYLINE / product).rglob("*.py"))
    assert files
    for file in files:
        found = [node.lineno for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ASYNC)]
        assert not found, f"{file}, lines {found}"


def test_every_app_is_a_product_or_a_lower_floor():
    apps = {file.parent.name for file in PARTYLINE.glob("*/apps.py")}
    assert apps == {*PRODUCTS, "live", "files", "jobs"}


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_is_published_is_drawn_without_a_request(product):
    """An entry is one for all its readers: no request, user, session or token is in reach of its template."""
    for file in (PARTYLINE / "templates" / product).glob("_entry.html"):
        text = file.read_text()
        for included in (PARTYLINE / "templates" / product).glob("_*.html"):
            if f'"{product}/{included.name}"' in text:
                text += included.read_text()
        for word in ("request", "user.", "csrf", "perms", "session"):
            assert f" {word}" not in text.replace(".user", ""), f"{file}: {word}"
