"""Draw bars, as an SVG that is at home on light and dark pages."""

from html import escape

WIDTH, LEFT, BAR, ROW, PANEL = 720, 130, 440, 26, 58  # pixels
STYLE = """
    text { fill: #1a1a1a } .small { font-size: 12px; fill: #55524a } .b { font-weight: 600 }
    .card { fill: #faf9f5 } .outer { fill: #b9d3ee } .inner { fill: #0b57a4 }
    @media (prefers-color-scheme: dark) {
      text { fill: #eceae4 } .small { fill: #b0ada5 }
      .card { fill: #16181a } .outer { fill: #2c4f78 } .inner { fill: #8ec2ff }
    }
"""


def bars(title, panels, left=LEFT):
    """Return the picture of panels: (title, what is dark, what is light, [(name, dark, light)]).

    Each has its own scale; a dark bar lies on its light one, which is never shorter. Bars begin at `left`.
    """
    y, parts = 12, []
    for panel in panels:
        drawn, y = _panel(y, left, *panel)
        parts += drawn
    told = "; ".join(
        f"{head}: {', '.join(f'{n} {_pair(a, b)}' for n, a, b in rows)}" for head, _, _, rows in panels
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" role="img" '
            'aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="14">',
            f'  <title id="t">{escape(title)}</title>',
            f'  <desc id="d">{escape(told)}.</desc>',
            f"  <style>{STYLE}  </style>",
            f'  <rect class="card" width="{WIDTH}" height="{y}" rx="10"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _panel(y, left, title, dark, light, rows):
    """Return the elements of one panel that begins at y, and where it ends."""
    full = BAR + LEFT - left
    most = max(outer for *_, outer in rows) or 1
    parts = [f'  <text class="b" x="20" y="{y + 20}">{escape(title)}</text>']
    if dark:
        parts += [
            f'  <rect class="inner" x="{LEFT + 190}" y="{y + 10}" width="11" height="11" rx="2"/>',
            f'  <text class="small" x="{LEFT + 206}" y="{y + 20}">{escape(dark)}</text>',
            f'  <rect class="outer" x="{LEFT + 270}" y="{y + 10}" width="11" height="11" rx="2"/>',
            f'  <text class="small" x="{LEFT + 286}" y="{y + 20}">{escape(light)}</text>',
        ]
    for number, (name, inner, outer) in enumerate(rows):
        top = y + 32 + number * ROW
        parts.append(f'  <text x="20" y="{top + 14}">{escape(name)}</text>')
        for kind, value in (("outer", outer), ("inner", inner)):
            width = full * value / most
            parts.append(
                f'  <rect class="{kind}" x="{left}" y="{top}" width="{width:.1f}" height="18" rx="3"/>'
            )
        end = left + full * outer / most + 8
        parts.append(f'  <text class="small" x="{end:.1f}" y="{top + 13}">{_pair(inner, outer)}</text>')
    return parts, y + PANEL + len(rows) * ROW


def _pair(inner, outer):
    return _number(outer) if inner == outer else f"{_number(inner)} / {_number(outer)}"


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
