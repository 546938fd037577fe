"""Write the page of what was measured side by side, and its pictures."""

from statistics import median

from bench.lab.tables import medians, table

from . import pictures, tables, targets, words
from .systems import NAMES


def written(figures, out):
    """Write them to a folder; figures are what kept.Kept has."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "fanout.md").write_text(page(figures))
    for name, svg in pictures.drawn(sizes(figures)).items():
        (out / f"fanout-{name}.svg").write_text(svg)


def sizes(figures):
    """Return {figure: {label: {system: each round's}}}, in the order of the page."""
    return {name: figures[name]["sizes"] for name in words.TITLES if name in figures}


def page(figures):
    """Return the page as Markdown."""
    runs = [figure["run"] for figure in figures.values()]
    run = max(runs, key=runs.count)
    calm = load(figures)
    lines = "\n".join(f"- {line}" for line in [*described(run), *calm])
    parts = [words.HEAD.format(rounds=run["rounds"], store=run["store"], lines=lines)]
    if rows := list(targets.rows(sizes(figures))):
        cells = [row[1:] for row in rows]
        parts.append("## Targets\n" + table(("in one run", "target", "found", ""), *cells, align="---"))
        missed = [
            f"- **{row[1]}**: {words.MISSED.get(row[0], words.UNSAID)}" for row in rows if row[4] != "met"
        ]
        parts += ["### What stands in the way\n" + "\n".join(missed)] if missed else []
    for name, by_label in sizes(figures).items():
        head = f"## {words.TITLES[name]}\n![{words.TITLES[name]}](fanout-{name}.svg)"
        made = [table(*tables.TABLES[name](label, each)) for label, each in by_label.items() if each]
        parts.append("\n\n".join([head, *made, words.ABOUT[name], *told(figures[name], run)]))
    return "\n\n".join(parts) + "\n"


def described(run):
    """Return lines about a run."""
    yield from run["machine"]
    commit = run["commit"] and f", commit {run['commit']}"
    yield f"measured on {run['day']}{commit}; {run['seconds']} s each time"


def told(figure, run):
    """Return what is to be said of this figure alone: another run, an interrupted one, and what failed."""
    lines, rounds = list(figure["notes"]), figure["run"]["rounds"]
    if figure["unfinished"]:
        done = min(len(each) for by_system in figure["sizes"].values() for each in by_system.values())
        lines.insert(0, f"**Interrupted**: {done} of {rounds} rounds are complete.")
    if figure["run"] != run:
        others = [line for line in described(figure["run"]) if line not in set(described(run))]
        lines.insert(0, f"**From another run** (rounds: {rounds}): {'; '.join(others)}.")
    if lines:
        yield "\n".join(f"- {line}" for line in lines)


def load(figures):
    """Return lines about how busy the machine was, and how far the load was from its own end."""
    if loads := [load for figure in figures.values() for load in figure["loads"]]:
        yield f"load average meanwhile, its own part included: {min(loads):.1f} to {max(loads):.1f}"
    for label, each in figures.get("fanout", {"sizes": {}})["sizes"].items():
        for key in [key for key in ("limit", "limit-coalesced") if key in each]:
            m = medians(each[key], "rate", "load busy")
            took = f"{m['rate']:,.0f} deliveries a second with {m['load busy']:.0%} of a core"
            yield f"the load took, from {NAMES[key]}, by {int(label):,} clients: {took}"


def brief(figure):
    """Write one round's figures in a line."""
    if "held" in figure:
        figure = {
            f"{what} of {size}": one[what]
            for size, one in figure["held"].items()
            for what in ("server", "nginx", "cpu")
        }
    short = {
        name: median(value) if isinstance(value, list) and value else value for name, value in figure.items()
    }
    return ", ".join(f"{name} {value:.3g}" for name, value in short.items() if value != [])
