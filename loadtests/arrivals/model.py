"""
What every model of a spike is: numbers, a rate made of them, a sentence, and what can be wrong with them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any, ClassVar, Final

from loadtests.arrivals.rate import Rate
from waiting_room.errors import Fault

TOLERANCE: Final = 0.001
"""How far a curve's straight lines may lie off it, as a share of its peak."""
MOST: Final = 1e9
"""A billion people, or thirty years: what is more is a slip, and would not stay finite in a formula."""
LEAST: Final = 1e-6
"""Where a number must be greater than 0: a microsecond, or one person in twelve days."""
_FIRST_PIECES: Final = 8
_MOST_HALVINGS: Final = 14

Curve = Callable[[float], float]


class Model(ABC):
    """
    Be a model of when people come; each is a frozen dataclass whose numbers are in seconds, people and people/s.

    `POSITIVE` and `SHARES` name the numbers that must be `LEAST` or more, and those that are parts of 1; all others may
    be any number from 0 to `MOST`.
    """

    __slots__ = ()

    POSITIVE: ClassVar[tuple[str, ...]] = ()
    SHARES: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def rate(self) -> Rate:
        """
        Return how many come per second.
        """

    @abstractmethod
    def says(self) -> str:
        """
        Return the model and its numbers in one line for people.
        """

    def contradictions(self, where: str) -> Iterator[Fault]:  # noqa: ARG002  # most have none
        """
        Return the faults that no single number shows; asked only where each number is sound.
        """
        return iter(())

    def faults(self, where: str = "model") -> tuple[Fault, ...]:
        """
        Return everything that makes the model senseless, and nothing when it is sound.
        """
        found = tuple(number_faults(self, where, self.POSITIVE, self.SHARES)) or tuple(self.contradictions(where))
        return found or self.rate().faults(where)


def number_faults(
    settings: Any, where: str, positive: Collection[str] = (), shares: Collection[str] = ()
) -> Iterator[Fault]:
    """
    Yield a fault for each number of a dataclass that is below 0 or beyond `MOST`, or outside of what its name allows.
    """
    table = {item.name: getattr(settings, item.name) for item in fields(settings)}
    yield from table_faults(table, where, positive, shares)


def table_faults(
    table: Mapping[str, Any], where: str, positive: Collection[str] = (), shares: Collection[str] = ()
) -> Iterator[Fault]:
    """
    Yield the same for a table, which may be a part of what its dataclass needs.
    """
    for name, value in table.items():
        for place, number in _numbers(value, f"{where}.{name}"):
            if not 0 <= number <= MOST:
                yield Fault(place, f"must be a number from 0 to {MOST:,.0f}, is {number}")
            elif name in positive and number < LEAST:
                yield Fault(place, f"must be at least {LEAST:g}, is {number}")
            elif name in shares and number > 1:
                yield Fault(place, f"is a share and must not exceed 1, is {number}")


def late_faults(at_s: float, for_s: float, where: str) -> Iterator[Fault]:
    """
    Yield a fault where what brings people happens when nobody comes any more.

    Args:
        at_s: when it happens.
        for_s: for how long people come.
        where: what to call the second in messages.
    """
    if at_s >= for_s:
        yield Fault(where, f"is {at_s:g}, and shoppers come for {for_s:g} s only")


def _numbers(value: Any, where: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, int | float):
        yield where, value
    elif isinstance(value, tuple | list):
        for place, inner in enumerate(value):
            yield from _numbers(inner, f"{where}[{place}]")


def straightened(curve: Curve, seconds: Sequence[float]) -> Rate:
    """
    Return a smooth curve as straight lines that lie within `TOLERANCE` of its peak from it.

    Args:
        curve: people per second at a second.
        seconds: rising: where the curve begins, its kinks and its peaks, and where it ends; before the first of them
            nobody comes.
    """
    knots = sorted({from_s + (to_s - from_s) * i / _FIRST_PIECES for from_s, to_s in pairwise(seconds)
                    for i in range(_FIRST_PIECES + 1)})  # fmt: skip
    values = [curve(at_s) for at_s in knots]
    allowed = TOLERANCE / 2 * max(values)  # half: the error is looked for at three points between two corners only
    corners = [(knots[0], values[0])]
    for (from_s, before), (to_s, then) in pairwise(zip(knots, values, strict=True)):
        corners.extend(_halved(curve, (from_s, before), (to_s, then), allowed, _MOST_HALVINGS))
    start = () if knots[0] == 0 else ((0.0, 0.0), (knots[0], 0.0))
    return Rate((*start, *corners))


def _halved(
    curve: Curve, begin: tuple[float, float], end: tuple[float, float], allowed: float, left: int
) -> Iterator[tuple[float, float]]:
    (from_s, before), (to_s, then) = begin, end
    points = [(from_s + (to_s - from_s) * part, before + (then - before) * part) for part in (0.25, 0.5, 0.75)]
    values = [curve(at_s) for at_s, _ in points]
    if left == 0 or all(abs(value - line) <= allowed for value, (_, line) in zip(values, points, strict=True)):
        yield end
        return
    middle = (points[1][0], values[1])
    yield from _halved(curve, begin, middle, allowed, left - 1)
    yield from _halved(curve, middle, end, allowed, left - 1)
