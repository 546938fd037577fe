"""Which code this process runs, so that processes of different releases can be told apart."""

import hashlib
from functools import cache
from pathlib import Path

import partyline

CODE = (".py", ".html", ".txt", ".xml")  # modules and templates


@cache
def version(root=Path(partyline.__file__).parent):
    """Return a short hash of the site's modules and templates, as they were when it was first asked for."""
    found = hashlib.sha256()
    for file in sorted(path for path in root.rglob("*") if path.suffix in CODE and path.is_file()):
        content = file.read_bytes()
        found.update(f"{file.relative_to(root)} {len(content)}\n".encode() + content)
    return found.hexdigest()[:8]
