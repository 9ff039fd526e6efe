"""
The report's pictures, each with the figures behind it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from loadtests.report import svg
from loadtests.report.svg import Frame, Limit, Line

Run = Mapping[str, Any]
"""One run's result, as in `rehearsal.json`."""
Measured = Mapping[str, Any]
"""One run's measures, as the load generator wrote them."""

SMOOTHING_S = 5
TALL = 260
MAX_DOTS = 1500
MAX_ROWS = 24
LATENCY_FLOOR_MS = 10
LATENCY_LIMIT_MS = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """
    The figures behind a picture.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A picture with its title, legend and figures.
    """

    title: str
    picture: Markup
    legend: tuple[tuple[str, str], ...]
    table: Table
    note: str = ""


def smoothed(values: Sequence[float], width: int = SMOOTHING_S) -> list[float]:
    """
    Return the centred mean over so many values; at the ends over those there are.
    """
    half = width // 2
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def column(measured: Measured, key: str) -> list[float]:
    """
    Return one figure of every second; what was not measured counts as 0.
    """
    return [float(second.get(key) or 0) for second in measured["seconds"]]


def length_s(measured: Measured) -> float:
    """
    Return how long the run lasted, seconds.
    """
    return max([float(measured["duration_s"])] + [float(second["t"]) + 1 for second in measured["seconds"][-1:]])


def pair_max(runs: Iterable[Measured], peak: Callable[[Measured], float]) -> float:
    """
    Return the upper end of an axis that both runs share, so that they can be compared by eye.
    """
    return svg.nice_ceiling(max((peak(measured) for measured in runs), default=1.0))


def _points(measured: Measured, values: Sequence[float]) -> list[tuple[float, float | None]]:
    return [(float(second["t"]), value) for second, value in zip(measured["seconds"], values, strict=True)]


def _rows(measured: Measured, *columns: Sequence[Any]) -> tuple[tuple[str, ...], ...]:
    seconds = measured["seconds"]
    step = max(1, math.ceil(len(seconds) / MAX_ROWS))
    return tuple(
        (f"{seconds[i]['t']:g} s", *(_cell(values[i]) for values in columns)) for i in range(0, len(seconds), step)
    )


def _cell(value: Any) -> str:
    return "–" if value is None else svg.number(round(float(value), 1))


def orders_per_second(run: Run, measured: Measured) -> list[float]:
    """
    Return the orders of every second: from the shop's database where it was read, else as shoppers saw them.
    """
    counted = run.get("orders_by_s")
    seen = [float(orders) for orders in counted] if counted else column(measured, "orders_seen")
    return (seen + [0.0] * len(measured["seconds"]))[: len(measured["seconds"])]


def demand(run: Run, measured: Measured, y_max: float, x_max: float) -> Figure:
    """
    Draw who comes, who is let in and what is sold, against what the shop can do.
    """
    capacity = float(run["shop_capacity_per_s"])
    arrivals, orders = smoothed(column(measured, "arrivals")), smoothed(orders_per_second(run, measured))
    admitted = smoothed(column(measured, "admitted")) if run.get("capacity") else []
    lines = [Line("Shoppers arriving", "c-arrivals", _points(measured, arrivals), area=True)]
    lines += [Line("Let in", "c-admitted", _points(measured, admitted))] if admitted else []
    lines += [Line("Orders", "c-orders", _points(measured, orders))]
    field = svg.frame(
        "Arrivals and orders per second",
        f"At most {max(arrivals, default=0):.0f} shoppers arrive per second; the shop can sell {capacity:.1f} orders "
        f"per second and sells {float(run['orders_per_s'] or 0):.1f} while demand exceeds that.",
        x_max=x_max, y_max=y_max, shade=_overload(measured), height=TALL,
    )  # fmt: skip
    room = run.get("rate_per_s")
    marks = [svg.curve(field, line) for line in lines]
    marks.append(svg.limit(field, Limit("orders it can sell", capacity), below=room is not None))
    marks += [svg.limit(field, Limit("lets in at most", float(room)))] if room else []
    columns = [arrivals, *([admitted] if admitted else []), orders]
    return Figure(
        "Arrivals and orders, per second",
        Markup(svg.draw(field, marks)),  # noqa: S704 -- built from numbers and escaped words
        tuple((line.css, line.label) for line in lines),
        Table(("Time", *(line.label for line in lines)), _rows(measured, *columns)),
        f"Means over {SMOOTHING_S} s. Shaded: the overload, which is judged.",
    )


def latency(_run: Run, measured: Measured, y_max: float, x_max: float) -> Figure:
    """
    Draw how long the shop's pages took, on a logarithmic scale.
    """
    p50, p95 = ([second.get(key) for second in measured["seconds"]] for key in ("shop_p50_ms", "shop_p95_ms"))
    lines = [
        Line("Half of the pages within", "c-p50", _logged(measured, p50)),
        Line("95 % of the pages within", "c-p95", _logged(measured, p95)),
    ]
    field = svg.frame(
        "Time to get a page of the shop",
        f"Over the overload 95 % of the pages came within {float(measured.get('shop_p95_ms') or 0):.0f} milliseconds.",
        x_max=x_max, y_max=y_max, y_min=LATENCY_FLOOR_MS, log=True, shade=_overload(measured), y_text=milliseconds,
    )  # fmt: skip
    marks = [svg.limit(field, Limit("limit", LATENCY_LIMIT_MS)), *(svg.curve(field, line) for line in lines)]
    return Figure(
        "Time to get a page of the shop",
        Markup(svg.draw(field, marks)),  # noqa: S704 -- built from numbers and escaped words
        tuple((line.css, line.label) for line in lines),
        Table(("Time", "p50, ms", "p95, ms"), _rows(measured, p50, p95)),
        "From the moment the shopper wanted the page. Each line up is ten times slower.",
    )


def milliseconds(value: float) -> str:
    """
    Return a duration in the unit that people use for it.
    """
    return f"{svg.number(value / 1000)} s" if value >= 1000 else f"{svg.number(value)} ms"


def _logged(measured: Measured, values: Sequence[Any]) -> list[tuple[float, float | None]]:
    return [
        (float(second["t"]), None if value is None else max(float(value), LATENCY_FLOOR_MS))
        for second, value in zip(measured["seconds"], values, strict=True)
    ]


def errors(_run: Run, measured: Measured, y_max: float, x_max: float) -> Figure:
    """
    Draw the requests that failed, beside all.
    """
    asked, failed = smoothed(column(measured, "shop_requests")), smoothed(column(measured, "shop_errors"))
    lines = [
        Line("Requests to the shop", "c-requests", _points(measured, asked)),
        Line("failed or given up", "c-errors", _points(measured, failed), area=True),
    ]
    total, bad = sum(column(measured, "shop_requests")), sum(column(measured, "shop_errors"))
    field = svg.frame(
        "Requests to the shop per second, and those that failed",
        f"{bad:.0f} of {total:.0f} requests failed, timed out or were given up.",
        x_max=x_max, y_max=y_max, shade=_overload(measured),
    )  # fmt: skip
    return Figure(
        "Requests to the shop, per second",
        Markup(svg.draw(field, [svg.curve(field, line) for line in lines])),  # noqa: S704 -- as above
        tuple((line.css, line.label) for line in lines),
        Table(("Time", "Requests", "Failed"), _rows(measured, asked, failed)),
        f"Means over {SMOOTHING_S} s.",
    )


def people(run: Run, measured: Measured, y_max: float, x_max: float) -> Figure:
    """
    Draw where people are: waiting, or in the shop.
    """
    waiting, inside = column(measured, "waiting"), column(measured, "in_shop")
    lines = [Line("In the shop", "c-inside", _points(measured, inside), area=True)]
    if run.get("capacity"):
        lines.insert(0, Line("In the waiting room", "c-waiting", _points(measured, waiting), area=True))
    field = svg.frame(
        "People waiting and shopping",
        f"At most {max(inside, default=0):.0f} people are in the shop and {max(waiting, default=0):.0f} wait.",
        x_max=x_max, y_max=y_max, shade=_overload(measured),
    )  # fmt: skip
    return Figure(
        "Where people are",
        Markup(svg.draw(field, [svg.curve(field, line) for line in lines])),  # noqa: S704 -- as above
        tuple((line.css, line.label) for line in lines),
        Table(
            ("Time", *(line.label for line in lines)),
            _rows(measured, *([waiting] if run.get("capacity") else []), inside),
        ),
        "Counted by the shoppers themselves.",
    )


def _overload(measured: Measured) -> tuple[float, float] | None:
    span = measured.get("overload")
    return (float(span[0]), float(span[1])) if span else None


def field_of(title: str, desc: str, *, x_max: float, y_max: float, x_unit: str = "s", y_unit: str = "") -> Frame:
    """
    Return a frame for a picture that has no time axis.
    """
    return svg.frame(title, desc, x_max=x_max, y_max=y_max, x_unit=x_unit, y_text=lambda v: f"{svg.number(v)}{y_unit}")
