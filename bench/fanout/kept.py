"""What was measured, figure by figure, in OUT/fanout.json: an interrupted run leaves it, another goes on.

A figure is replaced as a whole: its ratios hold within one run, which is described with it.
"""

import json
import os

DIGITS = 5  # of a number that is kept


class Kept:
    """`figures` is {name: {"run", "notes", "loads", "unfinished", "sizes"}}.

    "sizes" is {label: {system: [figures of each round]}}.
    """

    def __init__(self, out, run=None):
        self.file, self.run, self.fresh = out / "fanout.json", run, set()
        self.figures = json.loads(self.file.read_text()) if self.file.exists() else {}

    def add(self, name, label, key, figure):
        """Keep what one round found; the first takes the place of what another run found."""
        self._of(name)["sizes"].setdefault(label, {}).setdefault(key, []).append(rounded(figure))
        self._of(name)["loads"].append(round(os.getloadavg()[0], 1))

    def note(self, name, words):
        """Keep words about a figure."""
        self._of(name)["notes"].append(words)

    def end(self, names):
        """Say that these figures are complete."""
        for name in names:
            self._of(name)["unfinished"] = False

    def _of(self, name):
        if name not in self.fresh:
            self.fresh.add(name)
            empty = {"notes": [], "loads": [], "sizes": {}}
            self.figures[name] = {"run": self.run, "unfinished": True, **empty}
        return self.figures[name]

    def save(self):
        """Write the file, whole or not at all."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.figures, separators=(",", ":")).replace('},"', '},\n"') + "\n")
        new.replace(self.file)


def rounded(value):
    """Return the value with fewer digits, in whatever it stands."""
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    if isinstance(value, list):
        return [rounded(each) for each in value]
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")
