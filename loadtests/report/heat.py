"""
The heat map of the pages' times: what one line of a percentile hides.
"""

import math
from collections.abc import Sequence
from typing import Final, Literal

from markupsafe import Markup

from loadtests.measuring.cells import Result
from loadtests.measuring.histogram import Histogram, middle_us
from loadtests.report import svg
from loadtests.report.figures import Figure, Points, Seen, Table
from loadtests.report.svg import Frame, Limit, Line

Clock = Literal["latency", "service"]
FLOOR_MS: Final = 10.0
ROWS_PER_DECADE: Final = 8
MAX_COLUMNS: Final = 100
SHADES: Final = 5
LIMIT_MS: Final = 1000.0
PERCENTILES: Final = ((50, "c-p50"), (95, "c-p95"), (99, "c-p99"))


def columns(seen: Seen, clock: Clock) -> tuple[int, list[Histogram]]:
    """
    Return how many seconds a column of the map has, and the pages' times of each column.
    """
    length = int(max((cell.t for cell in seen.measures.cells), default=-1)) + 1
    width = max(1, math.ceil(length / MAX_COLUMNS))
    found = [Histogram() for _ in range(math.ceil(length / width))]
    for cell in seen.measures.cells:
        if cell.result is not Result.TO_ROOM and cell.t >= 0:
            found[cell.t // width].merge(getattr(cell, clock))
    return width, found


def heat_peak(seen: Seen) -> float:
    """
    Return the longest time that the maps of a run must show, in milliseconds.
    """
    longest = max((cell.latency.highest_us / 1000 for cell in seen.measures.cells), default=0.0)
    return max(longest, *(second.shop_p95_ms or 0.0 for second in seen.measures.seconds), 2000.0)


def heat(seen: Seen, y_max: float, clock: Clock) -> Figure:
    """
    Draw how many pages took how long in each part of the run, with the percentiles as lines.
    """
    say = seen.say
    worst = seen.run.get("shop_p95_ms" if clock == "latency" else "shop_service_p95_ms")
    field = seen.frame(
        say(f"heat.{clock}.title"),
        say("heat.desc", worst=say.amount("_ms", worst)),
        y_max,
        y_min=FLOOR_MS,
        log=True,
        height=250,
        y_text=lambda value: _short(value, seen),
    )
    width, parts = columns(seen, clock)
    lines = []
    for percent, css in PERCENTILES:
        points: Points = [((i + 0.5) * width, _logged(part.percentile_ms(percent))) for i, part in enumerate(parts)]
        lines.append(Line(say("heat.percent", percent=percent), css, points))
    rows = tuple(
        (f"{i * width} s", str(part.count), *(seen.cell(part.percentile_ms(percent)) for percent, _ in PERCENTILES))
        for i, part in list(enumerate(parts))[:: len(parts) // 24 + 1]
    )
    head = (say("time"), say("heat.pages"), *(say("heat.ms", percent=percent) for percent, _ in PERCENTILES))
    limit = svg.limit(field, Limit(say("heat.limit"), LIMIT_MS))
    marks = Markup(_tiles(field, width, parts))  # noqa: S704 -- built from numbers
    return seen.lines(field, lines, marks, limit, table=Table(head, rows), note=say(f"heat.{clock}.note"))


def _tiles(field: Frame, width: int, parts: Sequence[Histogram]) -> str:
    """
    Return the map: one path a shade, each tile a few letters of it, so that the page stays small.
    """
    low, high = math.log10(field.y.low), math.log10(field.y.high)
    rows = max(1, math.ceil((high - low) * ROWS_PER_DECADE))
    tall = abs(field.y.to_px - field.y.from_px) / rows
    shades = [""] * SHADES
    for i, part in enumerate(parts):
        counts = [0] * rows
        for index, count in part.counts.items():
            at = (math.log10(max(middle_us(index) / 1000, field.y.low)) - low) / (high - low)
            counts[min(rows - 1, int(at * rows))] += count
        left, right = field.x(i * width), field.x((i + 1) * width)
        for row, count in enumerate(counts):
            if count:
                # The square root: a few slow pages among many quick ones are what the map is for.
                shade = min(SHADES - 1, int(math.sqrt(count / part.count) * SHADES))
                top = field.y.from_px - (row + 1) * tall
                shades[shade] += f"M{left:g} {top:.1f}H{right:g}v{tall:.1f}H{left:g}z"
    return "".join(f'<path class="heat heat-{shade}" d="{way}"/>' for shade, way in enumerate(shades) if way)


def _logged(value: float | None) -> float | None:
    return None if value is None else max(value, FLOOR_MS)


def _short(value: float, seen: Seen) -> str:
    return f"{seen.say.number(value / 1000)} s" if value >= 1000 else f"{seen.say.number(value)} ms"
