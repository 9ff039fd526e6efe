"""
A curve in a terminal: blocks of eight heights a row, with its scale and its times.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
ROWS: Final = 8


def plotted(at_s: Sequence[float], values: Sequence[float], width: int, rows: int = ROWS) -> list[str]:
    """
    Return the lines of a plot: *values* at the moments *at_s*, both rising in time, in *width* columns at most.
    """
    top = max(values, default=0.0)
    if top <= 0:
        return []
    label = len(f"{top:,.0f}") + 1
    columns = max(1, width - label - 2)
    heights = [round(8 * rows * value / top) for value in _columns(values, columns)]
    lines = []
    for row in range(rows, 0, -1):
        name = f"{top:,.0f}" if row == rows else f"{top / 2:,.0f}" if row == rows // 2 else ""
        cells = "".join(_BLOCKS[min(8, max(0, height - 8 * (row - 1)))] for height in heights)
        lines.append(f"{name:>{label}} │{cells}".rstrip())
    begin, end = clock(0.0), clock(at_s[-1])
    lines.append(f"{'0':>{label}} └{'─' * len(heights)}")
    lines.append(f"{'':>{label}}  {begin}{end:>{max(1, len(heights) - len(begin))}}")
    return lines


def clock(at_s: float) -> str:
    """
    Return a moment as people read it: minutes and seconds, or hours, minutes and seconds.
    """
    hours, rest = divmod(round(at_s), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _columns(values: Sequence[float], count: int) -> list[float]:
    """
    Return *values* as at most *count* columns, each the highest of its part, so that no peak is lost.
    """
    if len(values) <= count:
        return list(values)
    edges = [place * len(values) // count for place in range(count + 1)]
    return [max(values[from_:to]) for from_, to in pairwise(edges)]
