"""
What pictures of a run are made from: its seconds, its length, and the axes that two runs share.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from loadtests.measuring.measures import Measures
from loadtests.report import svg
from loadtests.report.language import Language
from loadtests.report.svg import Frame, Line, Mark, Span

Run = Mapping[str, Any]
"""One run's result, as in `rehearsal.json`."""
Points = list[tuple[float, float | None]]

SMOOTHING_S: Final = 5
MAX_ROWS: Final = 24
DASH: Final = "–"


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


@dataclass(frozen=True, slots=True)
class Seen:
    """
    One run, ready to be drawn.

    Args:
        run: its result.
        measures: what the load generator found out.
        say: the language.
        x_max: where the time axis ends, the same for both runs; seconds.
    """

    run: Run
    measures: Measures
    say: Language
    x_max: float

    @property
    def gated(self) -> bool:
        """
        Tell whether it had a waiting room.
        """
        return bool(self.run.get("capacity"))

    @property
    def spans(self) -> tuple[Span, ...]:
        """
        Return what is shaded on every time axis: the phases, or the overload where there are none.
        """
        phases = self.run.get("phases") or []
        if phases:
            return tuple(
                (float(p["from_s"]), float(p["to_s"]), f"ph-{p['name']}", self.say.known("phase", p["name"]))
                for p in phases
            )
        from_s, to_s = self.measures.overload
        return ((from_s, to_s, "ph-peak", self.say("phase.overload")),)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """
        Return what happened on the time line.
        """
        return tuple(
            (float(change["at_s"]), change.get("until_s"), self.say.known("deed", change["do"]))
            for change in self.run.get("changes") or []
            if change.get("at_s") is not None
        )

    def column(self, key: str) -> list[float]:
        """
        Return one figure of every second; what was not measured counts as 0.
        """
        return [float(getattr(second, key) or 0) for second in self.measures.seconds]

    def points(self, values: Sequence[float | None]) -> Points:
        """
        Return the values with their seconds.
        """
        return [(float(second.t), value) for second, value in zip(self.measures.seconds, values, strict=True)]

    def rows(self, *columns: Sequence[float | None]) -> tuple[tuple[str, ...], ...]:
        """
        Return rows for a table: as many seconds as are read with pleasure.
        """
        seconds = self.measures.seconds
        step = max(1, math.ceil(len(seconds) / MAX_ROWS))
        return tuple(
            (f"{seconds[i].t:g} s", *(self.cell(values[i]) for values in columns)) for i in range(0, len(seconds), step)
        )

    def cell(self, value: float | None) -> str:
        """
        Return a value for a table.
        """
        return DASH if value is None else self.say.short(float(value))

    def frame(self, title: str, desc: str, y_max: float, **more: Any) -> Frame:
        """
        Return a field over the run's time, with its phases and what happened.
        """
        return svg.frame(
            title, desc, self.say, x_max=self.x_max, y_max=y_max, spans=self.spans, marks=self.marks, **more
        )

    def lines(self, field: Frame, lines: Sequence[Line], *more: str, table: Table, note: str = "") -> Figure:
        """
        Return the figure of some curves, with what else is drawn behind them.
        """
        return Figure(
            field.title,
            Markup(svg.draw(field, [*more, *(svg.curve(field, line) for line in lines)])),  # noqa: S704 -- built from numbers and escaped words
            tuple((f"{line.css}{' dashed' if line.dashed else ''}", line.label) for line in lines),
            table,
            note,
        )


def smoothed(values: Sequence[float], width: int = SMOOTHING_S) -> list[float]:
    """
    Return the centred mean over so many values; at the ends over those there are.
    """
    half = width // 2
    windows = (values[max(0, i - half) : i + half + 1] for i in range(len(values)))
    return [sum(window) / len(window) for window in windows]


def length_s(measures: Measures) -> float:
    """
    Return how long the run lasted, seconds.
    """
    return max([measures.duration_s, *(float(second.t) + 1 for second in measures.seconds[-1:])])


def shared(runs: Iterable[Seen], peak: Callable[[Seen], float]) -> float:
    """
    Return the upper end of an axis that both runs share, so that they can be compared by eye.
    """
    return svg.nice_ceiling(max((peak(seen) for seen in runs), default=1.0))
