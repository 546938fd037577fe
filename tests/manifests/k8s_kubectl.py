"""A kubectl of tests: it answers from the files of $CLUSTER and notes in `asked` what it was asked.

A file named after a kind, or kind and name (job, hpa-ws), holds what `get` finds; `fails` verbs that fail.
Rendering is done by what this machine really has.
"""

import json
import os
import re
import sys
from pathlib import Path

cluster = Path(os.environ["CLUSTER"])
arguments = sys.argv[1:]
if arguments[:1] == ["-n"]:
    namespace, arguments = arguments[1], arguments[2:]
with (cluster / "asked").open("a") as asked:
    asked.write(" ".join(arguments) + "\n")
verb, *rest = arguments
if verb == "kustomize":
    os.environ["PATH"] = os.environ["REAL_PATH"]
    os.execv(os.environ["KUSTOMIZE"], [os.environ["KUSTOMIZE"], *rest])
if verb == "version" and "--client" in rest:
    sys.exit(print('{"kustomizeVersion": "v5.0.1"}'))
if verb in (cluster / "fails").read_text().split():
    sys.exit(f"Error from server: {verb} is not to be")


def found(kind, name=""):
    for file in (cluster / f"{kind}-{name}", cluster / kind):
        if file.exists():
            return json.loads(file.read_text())
    return None


if verb == "version":
    print(json.dumps({"serverVersion": {"minor": (cluster / "minor").read_text().strip()}}))
elif verb == "get" and "-o" in rest and "json" in rest:
    kind, _, name = rest[0].partition("/")
    name = name or (rest[1] if len(rest) > 1 and not rest[1].startswith("-") else "")
    answer = found(kind, name)
    if kind == "nodes" and "-l" in rest:
        having = [n for n in answer["items"] if n["metadata"]["labels"].get("partyline/db") == "here"]
        answer = {"items": having}
    if answer and answer.get("items") != []:  # with --ignore-not-found kubectl prints no empty list
        print(json.dumps(answer))
elif verb == "apply":
    text = Path(rest[rest.index("-f") + 1]).read_text()
    (cluster / "applied").write_text(text)
    print("\n".join(f"{kind.lower()} configured" for kind in re.findall(r"^kind: (\w+)", text, re.MULTILINE)))
elif verb == "rollout" and (cluster / "rollout").exists():
    sys.exit((cluster / "rollout").read_text())
elif verb in ("logs", "get"):
    print(f"{verb} of {' '.join(rest)}")
