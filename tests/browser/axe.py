"""What axe-core finds wrong with a page, by the rules of WCAG 2.2 AA and of good practice."""

from axe_playwright_python.sync_playwright import Axe

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page, *impacts):
    """Return [(rule, [HTML of the elements])] of these impacts ("serious" …), or of all if none is named."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        (each["id"], [node["html"] for node in each["nodes"]])
        for each in found
        if not impacts or each["impact"] in impacts
    ]
