"""
The pictures of the waiting itself: how long, as announced, in which order, on how many seats.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from loadtests.measuring.fairness import quantile
from loadtests.report import svg
from loadtests.report.charts import MAX_DOTS, MAX_ROWS, Figure, Measured, Run, Table, field_of
from loadtests.report.svg import Limit, Line
from loadtests.report.words import percent

BINS = 24
MAX_RANGES = 240


def waits(measured: Measured) -> Figure | None:
    """
    Draw how many shoppers waited how long, of those who were let in.
    """
    waited = [float(s["waited_s"]) for s in measured["shoppers"] if s.get("admitted_s") is not None]
    if not waited:
        return None
    top = svg.nice_ceiling(max(waited))
    counts = [0] * BINS
    for wait in waited:
        counts[min(BINS - 1, int(wait / top * BINS))] += 1
    p50, p95 = quantile(waited, 0.5) or 0.0, quantile(waited, 0.95) or 0.0
    field = field_of(
        "How long people waited",
        f"Half waited up to {p50:.0f} s, 95 % up to {p95:.0f} s.",
        x_max=top, y_max=svg.nice_ceiling(max(counts)),
    )  # fmt: skip
    bars, rows = [], []
    for i, count in enumerate(counts):
        low, high = i * top / BINS, (i + 1) * top / BINS
        words = f"{low:.1f} to {high:.1f} s"
        rows.append((words, str(count)))
        bars.append(
            svg.rect(
                field.x(low) + 0.5, field.y(count), field.x(high) - field.x(low) - 1,
                field.y.from_px - field.y(count), "bar c-waiting", f"{words}: {count} shoppers",
            )
        )  # fmt: skip
    return Figure(
        "How long people waited",
        Markup(svg.draw(field, bars)),  # noqa: S704 -- built from numbers and our own words
        (("c-waiting", "Shoppers"),),
        Table(("Wait", "Shoppers"), tuple(rows)),
        f"Half waited up to {p50:.0f} s, 95 % up to {p95:.0f} s, of {len(waited)} who were let in.",
    )


def announced(measured: Measured) -> Figure | None:
    """
    Draw the range that each shopper was shown against the wait that followed.
    """
    told = _told(measured["shoppers"])
    if not told:
        return None
    kept = sum(low <= real <= high for low, high, real in told)
    shown = told[:: max(1, len(told) // MAX_RANGES)]
    top = svg.nice_ceiling(max(max(high, real) for _, high, real in told))
    field = field_of(
        "Announced against real wait",
        f"{kept} of {len(told)} announcements came true.",
        x_max=top, y_max=top, y_unit=" s",
    )  # fmt: skip
    x, y = field.x, field.y
    marks = [f'<path class="diagonal" d="M{x(0)} {y(0)}L{x(top)} {y(top)}"/>']
    for low, high, real in shown:
        css = "c-kept" if low <= real <= high else "c-missed"
        marks.append(f'<path class="range {css}" d="M{x(real):g} {y(low):g}V{y(high):g}"/>')
    every = len(told) // MAX_ROWS + 1
    rows = tuple((f"{low:.1f} s", f"{high:.1f} s", f"{real:.1f} s") for low, high, real in told[::every])
    return Figure(
        "Was the announced time right?",
        Markup(svg.draw(field, marks)),  # noqa: S704 -- built from numbers and our own words
        (("c-kept", "held"), ("c-missed", "did not hold")),
        Table(("From", "To", "Came after"), rows),
        f"Across: the wait itself. Up: the range on the page. It held for {percent(kept / len(told))} of {len(told)}.",
    )


def _told(shoppers: Sequence[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    told = [s["eta"] for s in shoppers if s.get("eta")]
    return [
        (float(eta["low_s"]), float(eta["high_s"]), float(eta["remaining_s"]))
        for eta in told
        if all(eta.get(key) is not None for key in ("low_s", "high_s", "remaining_s"))
    ]


def order(measured: Measured) -> Figure | None:
    """
    Draw the number on each ticket against the moment its holder was called: order is a rising line.
    """
    called = [s for s in measured["shoppers"] if s.get("number") is not None and s.get("called_s") is not None]
    if not called:
        return None
    called.sort(key=lambda s: float(s["called_s"]))
    field = field_of(
        "Number on the ticket and moment of the call",
        "The later the call, the higher the number: nobody is overtaken.",
        x_max=svg.nice_ceiling(max(float(s["called_s"]) for s in called)),
        y_max=svg.nice_ceiling(max(float(s["number"]) for s in called)),
    )
    shown = called[:: max(1, len(called) // MAX_DOTS)]
    way = "".join(f"M{field.x(float(s['called_s'])):g} {field.y(float(s['number'])):g}h.01" for s in shown)
    every = len(called) // MAX_ROWS + 1
    rows = tuple((f"{float(s['called_s']):.1f} s", str(s["number"]), str(s.get("lane") or "")) for s in called[::every])
    return Figure(
        "In which order people were called",
        Markup(svg.draw(field, [f'<path class="dots c-admitted" d="{way}"/>'])),  # noqa: S704 -- built from numbers
        (("c-admitted", "One shopper each"),),
        Table(("Called at", "Number", "Lane"), rows),
        "Across: when they were called. Up: the number on the ticket. A thin rising line means nobody was overtaken.",
    )


def seats(run: Run, measured: Measured, x_max: float) -> Figure | None:
    """
    Draw the seats that were taken, as the room's store counted them, against the capacity.
    """
    samples = run.get("room_by_s") or []
    capacity = run.get("capacity")
    if not samples or not capacity:
        return None
    points: list[tuple[float, float | None]] = [(float(s["t"]), float(s["seats"])) for s in samples]
    top = max(float(capacity), float(run.get("seats_max") or 0))
    span = measured.get("overload")
    field = svg.frame(
        "Seats taken, and the capacity",
        f"At most {run.get('seats_max')} of {capacity} seats were taken at once.",
        x_max=x_max, y_max=svg.nice_ceiling(top * 1.1), shade=(float(span[0]), float(span[1])) if span else None,
    )  # fmt: skip
    line = Line("Seats taken", "c-inside", points, area=True)
    shown = samples[:: len(samples) // MAX_ROWS + 1]
    rows = tuple((f"{s['t']:.0f} s", str(s["seats"]), str(s["waiting"])) for s in shown)
    return Figure(
        "Seats taken, against the capacity",
        Markup(svg.draw(field, [svg.curve(field, line), svg.limit(field, Limit("capacity", float(capacity)))])),  # noqa: S704
        ((line.css, line.label),),
        Table(("Time", "Seats", "Waiting"), rows),
        f"Asked once a second. The store's own highest count is {run.get('seats_max')}.",
    )
