"""Tables in Markdown, and what stands in them."""

from statistics import median


def table(head, *rows, align="---:"):
    """Write a table in Markdown."""
    lines = [head, ["---", *[align] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in lines)


def milliseconds(value):
    return f"{value * 1000:,.0f} ms" if value >= 0.1 else f"{value * 1000:.2f} ms"


def medians(each, *names):
    """Return {name: the median over the rounds} of the rounds' figures."""
    return {name: median(figures[name] for figures in each) for name in names}
