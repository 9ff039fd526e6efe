"""
A comparison as a page: one file that opens offline.
"""

from typing import Any, Final

from markupsafe import Markup

from loadtests.compare import telling
from loadtests.compare.difference import Comparison, Difference
from loadtests.report import page, svg
from loadtests.report.language import Language

MOST: Final = 0.25
"""Effects beyond this share are drawn at the edge; the words beside them tell how far they reach."""
WIDTH, HEIGHT = 260, 24


def render(found: Comparison, say: Language, names: tuple[str, str]) -> str:
    """
    Return the page.

    Args:
        found: the comparison.
        say: the language.
        names: what A and B are called, such as their folders.
    """
    return page.page(
        "comparison.html.j2",
        say,
        names=names,
        state="fail" if found.worse else "pass",
        headline=telling.headline(found, say),
        warnings=list(telling.warnings(found, say)),
        runs=[
            (say(f"run.{run}"), [_row(each, say) for each in differences]) for run, differences in telling.by_run(found)
        ],
        configuration=found.configuration,
        notes=list(telling.notes(found, say)),
    )


def _row(each: Difference, say: Language) -> dict[str, Any]:
    return {
        "figure": telling.figure(each, say),
        "a": telling.value(each, each.a, say),
        "b": telling.value(each, each.b, say),
        "effect": telling.effect(each, say),
        "state": each.state,
        "picture": _interval(each, say),
    }


def _interval(each: Difference, say: Language) -> Markup:
    """
    Return the interval as a bar around no difference, with the margin shaded; empty where there is none.
    """
    if each.effect is None or each.low is None or each.high is None:
        return Markup("")
    # Seconds are drawn against the longer of both waits, so that all bars of a page have one scale: shares.
    unit = max(each.a, each.b, 1.0) if each.kind.scale == "seconds" else 1.0
    axis = svg.Axis(-MOST, MOST, 4, WIDTH - 4)
    low, middle, high = (axis(value / unit) for value in (each.low, each.effect, each.high))
    margin = each.kind.margin / unit
    marks = (
        svg.rect(axis(-margin), 2, axis(margin) - axis(-margin), HEIGHT - 4, "margin"),
        f'<path class="axis" d="M{axis(0)} 0V{HEIGHT}"/>',
        f'<path class="interval {each.state}" d="M{low} {HEIGHT / 2}H{high}"/>',
        f'<circle class="interval-dot {each.state}" cx="{middle}" cy="{HEIGHT / 2}" r="4.5"/>',
    )
    label = f"{telling.figure(each, say)}: {telling.effect(each, say)}"
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{Markup.escape(label)}">'
    return Markup(f"{head}{''.join(marks)}</svg>")  # noqa: S704 -- built from numbers and escaped words
