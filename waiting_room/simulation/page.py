"""
A result as one page that opens offline: figures, and curves as SVG drawn by hand, each with its words.
"""

from collections.abc import Sequence
from html import escape
from typing import Final

from waiting_room.simulation.result import Result
from waiting_room.simulation.words import CURVES, Curve, columns, duration, headline, rows, sentence

WIDTH: Final = 640
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 30
POINTS: Final = 320

STYLE: Final = """
:root { --paper: #fff; --card: #f7f8fa; --ink: #16202c; --dim: #5b6876; --rule: #dde2e8; --line: #2563c9; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --paper: #11161d; --card: #1a212b; --ink: #e8edf3; --dim: #9aa7b5; --rule: #2d3744; --line: #6ea2ff; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 400; } td { text-align: right; font-weight: 600; }
th, td { padding: 6px 14px 6px 0; border-bottom: 1px solid var(--rule); }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 20px; margin-top: 32px; }
figure { margin: 0; background: var(--card); border-radius: 12px; padding: 14px 16px; }
figcaption, text { color: var(--dim); font-size: 13px; fill: var(--dim); }
svg { display: block; width: 100%; height: auto; }
.line { fill: none; stroke: var(--line); stroke-width: 2; } .area { fill: var(--line); opacity: 0.15; }
.grid { stroke: var(--rule); } .end { text-anchor: end; } .mid { text-anchor: middle; }
"""  # noqa: E501 - a style sheet


def svg(curve: Curve, values: Sequence[float]) -> str:
    """
    Return a curve as an SVG element with a title and a description, coloured by the page's style sheet.
    """
    points = columns(values, POINTS, level=curve.level)
    top = max(*points, 1.0)
    across, up = (WIDTH - LEFT - RIGHT) / max(1, len(points) - 1), (HEIGHT - TOP - BOTTOM) / top
    base = HEIGHT - BOTTOM
    way = "L".join(f"{LEFT + at * across:.1f} {base - value * up:.1f}" for at, value in enumerate(points))
    grid = "".join(
        f'<path class="grid" d="M{LEFT} {base - part * top * up:.1f}H{WIDTH - RIGHT}"/>'
        f'<text class="end" x="{LEFT - 6}" y="{base - part * top * up + 4:.1f}">{part * top:,.0f}</text>'
        for part in (0.0, 0.5, 1.0)
    )
    times = "".join(
        f'<text class="{place}" x="{x}" y="{HEIGHT - 8}">{duration(part * len(values))}</text>'
        for part, x, place in ((0, LEFT, ""), (0.5, (LEFT + WIDTH - RIGHT) / 2, "mid"), (1, WIDTH - RIGHT, "end"))
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(curve.title)}</title><desc>{escape(sentence(curve, values))}</desc>{grid}"
        f'<path class="area" d="M{LEFT} {base}L{way}L{WIDTH - RIGHT} {base}Z"/>'
        f'<path class="line" d="M{way}"/>{times}</svg>'
    )


def page(result: Result) -> str:
    """
    Return the page.
    """
    figures = "".join(f"<tr><th scope=row>{escape(name)}<td>{escape(value)}" for name, value in rows(result))
    curves = "".join(
        f"<figure>{svg(curve, result.series[curve.name])}"
        f"<figcaption>{escape(sentence(curve, result.series[curve.name]))}</figcaption></figure>"
        for curve in CURVES
    )
    title = f"Simulation: {headline(result)}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>What it would look like</h1>"
        f'<p>{escape(headline(result))}</p><table>{figures}</table><div class="curves">{curves}</div></main></html>\n'
    )
