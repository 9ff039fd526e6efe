"""
Inline SVG by hand: scales, axes and marks, coloured by the page's own style sheet.

No script, no library, nothing fetched. Colours are CSS classes, so that light, dark and print follow the page.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from loadtests.report.language import Language

WIDTH = 480
HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 28
NAMES = 15
"""What a row of names above the field takes."""
LETTER = 6.4
"""About so wide is a letter of a name."""


@dataclass(frozen=True, slots=True)
class Axis:
    """
    Map values to pixels between two ends.

    Args:
        low, high: the ends, in the data's unit.
        from_px, to_px: where they lie.
        log: whether equal ratios take equal room (values below `low` lie on it).
    """

    low: float
    high: float
    from_px: float
    to_px: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """
        Return the pixel of a value, kept within the axis.
        """
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        share = (at - low) / (high - low) if high > low else 0.0
        return round(self.from_px + share * (self.to_px - self.from_px), 1)

    def ticks(self) -> tuple[float, ...]:
        """
        Return round values for the grid.
        """
        if self.log:
            first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
            return tuple(10.0**power for power in range(first, last + 1))
        return nice_ticks(self.low, self.high)


def nice_ticks(low: float, high: float, about: int = 5) -> tuple[float, ...]:
    """
    Return round values (1, 2 or 5 x a power of ten apart) from `low` to `high`, about so many.
    """
    span = high - low
    if span <= 0:
        return (low,)
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(round(i * step, 10) for i in range(first, last + 1))


def nice_ceiling(value: float) -> float:
    """
    Return the next round value above, for the upper end of an axis.
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(f * power for f in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if f * power >= value)


@dataclass(frozen=True, slots=True)
class Line:
    """
    A curve over time; None breaks it.
    """

    label: str
    css: str
    points: Sequence[tuple[float, float | None]]
    area: bool = False
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """
    A horizontal line that a curve is held against.
    """

    label: str
    value: float


Span = tuple[float, float, str, str]
Mark = tuple[float, float | None, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """
    The field of a chart: both axes, what lies behind the marks, and what it is for those who cannot see it.

    Args:
        title: what it is called.
        desc: what it shows, in a sentence.
        x: across.
        y: up.
        say: the language.
        x_unit: the unit at the last tick across.
        y_text: how a value of the axis is written.
        spans: what is shaded: from, to, style and name.
        marks: what happened: from, to (None for a moment) and name.
        height: of the whole.
    """

    title: str
    desc: str
    x: Axis
    y: Axis
    say: Language
    x_unit: str = "s"
    y_text: Callable[[float], str] | None = None
    spans: Sequence[Span] = ()
    marks: Sequence[Mark] = ()
    height: int = HEIGHT


def frame(
    title: str, desc: str, say: Language, *, x_max: float, y_max: float, y_min: float = 0, log: bool = False,
    height: int = HEIGHT, spans: Sequence[Span] = (), marks: Sequence[Mark] = (),
    y_text: Callable[[float], str] | None = None, x_unit: str = "s",
) -> Frame:  # fmt: skip
    """
    Return a frame of the usual size; what has names above the field gets room for them.
    """
    x = Axis(0, max(x_max, 1), LEFT, WIDTH - RIGHT)
    rows = 1 + max((row for row, _ in _places(x, marks)), default=-1)
    top = TOP + NAMES * (rows + bool(spans))
    y = Axis(y_min, y_max if y_max > y_min else y_min + 1, height - BOTTOM, top, log)
    return Frame(title, desc, x, y, say, x_unit, y_text, spans, marks, height)


def draw(field: Frame, marks: Sequence[str]) -> str:
    """
    Return the whole SVG element: the field with the marks on it.
    """
    head = (
        f'<svg viewBox="0 0 {WIDTH} {field.height}" role="img" aria-label="{escape(field.title)}">'
        f"<title>{escape(field.title)}</title><desc>{escape(field.desc)}</desc>"
    )
    return "".join((head, *_grid(field), *marks, happenings(field), "</svg>"))


def _grid(field: Frame) -> Iterator[str]:
    x, y, number = field.x, field.y, field.y_text or field.say.number
    yield from _spans(field)
    for tick in y.ticks():
        at, label = y(tick), number(tick)
        if label:
            yield f'<path class="grid" d="M{x.from_px} {at}H{x.to_px}"/>'
            yield text(x.from_px - 6, at + 4, label, "tick end")
    ticks = x.ticks()
    for tick in ticks:
        label = f"{field.say.number(tick)} {field.x_unit}" if tick == ticks[-1] else field.say.number(tick)
        yield text(x(tick), y.from_px + 18, label, "tick mid")
    yield f'<path class="axis" d="M{x.from_px} {y.from_px}H{x.to_px}"/>'


def _spans(field: Frame) -> Iterator[str]:
    x, y = field.x, field.y
    free_px = 0.0
    for from_s, to_s, css, name in field.spans:
        from_px, to_px = x(from_s), x(to_s)
        yield rect(from_px, y.to_px, to_px - from_px, y.from_px - y.to_px, f"span {css}", name)
        # A name that has no room above its span is told by pointing at it, and in the legend.
        if name and to_px - from_px >= LETTER * len(name) and from_px >= free_px:
            yield text((from_px + to_px) / 2, y.to_px - 4, name, "span-name mid")
            free_px = to_px


def happenings(field: Frame) -> str:
    """
    Return what happened, as lines across the field with their names above, or as hatched parts where it lasted.
    """
    x, y, marks = field.x, field.y, []
    for (from_s, to_s, name), (row, left) in zip(field.marks, _places(field.x, field.marks), strict=True):
        at = x(from_s)
        if to_s is not None and to_s > from_s:
            marks.append(rect(at, y.to_px, x(to_s) - at, y.from_px - y.to_px, "happening-span", name))
        top = TOP + 3 + NAMES * row
        way = f'<path class="happening" d="M{at} {top + 4}V{y.from_px}">'
        marks.append(f"{way}<title>{escape(name)}</title></path>")
        marks.append(text(left, top, name, "happening-name"))
    return "".join(marks)


def _places(x: Axis, marks: Sequence[Mark]) -> list[tuple[int, float]]:
    """
    Return in which row and how far right the name of each mark stands, so that none covers another.
    """
    free: list[float] = []
    found = []
    for from_s, _, name in marks:
        width = LETTER * len(name)
        left = max(0.0, min(x(from_s) - 3, x.to_px - width))
        row = next((row for row, end in enumerate(free) if left >= end), len(free))
        free[row : row + 1] = [left + width + 8]
        found.append((row, left))
    return found


def band(field: Frame, css: str, points: Sequence[tuple[float, float, float]]) -> str:
    """
    Return the area between a lower and an upper curve: (across, low, high).
    """
    if not points:
        return ""
    there = "L".join(f"{field.x(at):g} {field.y(high):g}" for at, _, high in points)
    back = "L".join(f"{field.x(at):g} {field.y(low):g}" for at, low, _ in reversed(points))
    return f'<path class="band {css}" d="M{there}L{back}Z"/>'


def curve(field: Frame, line: Line) -> str:
    """
    Return a line's path, and the area under it where asked.
    """
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in line.points:
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((field.x(at), field.y(value)))
    base = field.y.from_px
    marks = []
    for piece in pieces:
        if not piece:
            continue
        way = "L".join(f"{px:g} {py:g}" for px, py in piece)
        if line.area:
            marks.append(f'<path class="area {line.css}" d="M{piece[0][0]:g} {base}L{way}L{piece[-1][0]:g} {base}Z"/>')
        if len(piece) == 1:
            marks.append(f'<circle class="dot {line.css}" cx="{piece[0][0]:g}" cy="{piece[0][1]:g}" r="2"/>')
        marks.append(f'<path class="line {line.css}{" dashed" if line.dashed else ""}" d="M{way}"/>')
    return "".join(marks)


def limit(field: Frame, mark: Limit, *, below: bool = False) -> str:
    """
    Return a dashed horizontal line with its name at the right end.
    """
    at = field.y(mark.value)
    label_at = at + 13 if below or at < TOP + 12 else at - 5
    return f'<path class="limit" d="M{field.x.from_px} {at}H{field.x.to_px}"/>' + text(
        field.x.to_px - 2, label_at, mark.label, "limit-label end"
    )


def rect(x: float, y: float, width: float, height: float, css: str, title: str = "") -> str:
    """
    Return a bar, with words that appear when it is pointed at.
    """
    shape = f'<rect class="{css}" x="{x:g}" y="{y:g}" width="{max(width, 0):g}" height="{max(height, 0):g}"'
    return f"{shape}><title>{escape(title)}</title></rect>" if title else f"{shape}/>"


def text(x: float, y: float, words: str, css: str) -> str:
    """
    Return a label.
    """
    return f'<text class="{css}" x="{x:g}" y="{y:g}">{escape(words)}</text>'
