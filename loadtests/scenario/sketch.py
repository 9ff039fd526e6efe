"""
A rate drawn with characters, for a terminal.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Final

from loadtests.arrivals.rate import Rate, expected_count

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
PLAIN: Final = (" ", "█")
LINE: Final = ("┄", "▓")
"""An empty and a full cell; the level shows in front of both."""
_MARGIN: Final = 7


def sketch(rate: Rate, level_per_s: float | None, width: int, height: int = 8) -> list[str]:
    """
    Return lines of at most *width* characters that show the rate over time, with a level drawn through it.

    Each column is the mean of its time, so that no narrow peak is missed; a step of an eighth of a line is seen.

    Args:
        rate: what is drawn.
        level_per_s: what it is compared with, such as what the room lets in per second; None for nothing.
        width: characters.
        height: lines, the axis not counted.
    """
    columns = max(10, width - _MARGIN - 1)
    means = _means(rate, columns)
    top = max(*means, level_per_s or 0.0, 1e-9)
    level = None if level_per_s is None else min(height - 1, int(level_per_s / top * height))
    lines = []
    for row in reversed(range(height)):
        cells = (_cell(mean / top * height - row, *(LINE if row == level else PLAIN)) for mean in means)
        label = {height - 1: f"{top:.3g}", level: f"{level_per_s or 0:.3g}"}.get(row, "")
        lines.append(f"{label:>{_MARGIN - 1}} {''.join(cells)}".rstrip())
    return [*lines, f"{'s':>{_MARGIN - 1}} {_axis(rate.length_s, columns)}"]


def _means(rate: Rate, columns: int) -> list[float]:
    width_s = rate.length_s / columns
    areas = [expected_count(rate, column * width_s) for column in range(columns + 1)]
    return [(after - before) / width_s for before, after in pairwise(areas)]


def _cell(filled: float, empty: str, full: str) -> str:
    eighths = round(8 * min(1.0, max(0.0, filled)))
    return {0: empty, 8: full}.get(eighths, BLOCKS[eighths])


def _axis(length_s: float, columns: int) -> str:
    marks: Sequence[int] = range(0, columns, max(10, ceil(columns / 8)))
    text = ""
    for mark in marks:
        label = f"{mark * length_s / columns:.0f}"
        if mark + len(label) <= columns:
            text = f"{text:<{mark}}{label}"
    return text
