"""The verbs for Kubernetes: python3 scripts/k8s render|deploy|images; O, TAG and the like are variables."""

import sys

from common import Failed
from deploy import deploy
from images import build
from render import render

VERBS = {"render": lambda: print(render(), end=""), "deploy": deploy, "images": build}

if __name__ == "__main__":
    try:
        VERBS[sys.argv[1]]()
    except Failed as failed:
        sys.exit(str(failed))
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
