"""Write the page of what was measured side by side."""

from statistics import median

from bench.lab.tables import medians, table

from . import tables, targets, words
from .systems import NAMES


def page(found):
    """Return the page as Markdown."""
    lines = "\n".join(f"- {line}" for line in [*found["machine"], *calm(found), *found["notes"]])
    parts = [words.HEAD.format(**found, lines=lines)]
    if rows := list(targets.rows(found["figures"])):
        parts.append("## Targets\n" + table(("in this run", "target", "found", ""), *rows, align="---"))
    for name, by_label in found["figures"].items():
        head = f"## {words.TITLES[name]}\n![{words.TITLES[name]}](fanout-{name}.svg)"
        made = [table(*tables.TABLES[name](label, each)) for label, each in by_label.items() if each]
        parts.append("\n\n".join([head, *made, words.ABOUT[name]]))
    return "\n\n".join(parts) + "\n"


def calm(found):
    """Return lines about how busy the machine was, and how far the load was from its own end."""
    if found["loads"]:
        loads = f"{min(found['loads']):.1f} to {max(found['loads']):.1f}"
        yield f"load average meanwhile, its own part included: {loads}"
    for label, each in found["figures"].get("fanout", {}).items():
        for key in [key for key in ("limit", "limit-coalesced") if key in each]:
            m = medians(each[key], "rate", "load busy")
            took = f"{m['rate']:,.0f} deliveries a second with {m['load busy']:.0%} of a core"
            yield f"the load took, from {NAMES[key]}, by {int(label):,} clients: {took}"


def brief(figure):
    """Write one round's figures in a line."""
    if "held" in figure:
        figure = {f"bytes, of {size}": one["server"] for size, one in figure["held"].items()}
    short = {
        name: median(value) if isinstance(value, list) and value else value for name, value in figure.items()
    }
    return ", ".join(f"{name} {value:.3g}" for name, value in short.items() if value != [])
