"""
The finest that is kept of requests: two clocks per second, step of the journey and result, to be summed as one likes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from loadtests.documents import STRICT
from loadtests.measuring.histogram import Histogram


class Result(StrEnum):
    """
    Name what came of a request to the shop.
    """

    FINE = "fine"
    TO_ROOM = "to_room"
    ERROR = "error"
    ABANDONED = "abandoned"

    @property
    def failed(self) -> bool:
        """
        Tell whether it counts as an error of the shop's: one sent to the waiting room does not.
        """
        return self in (Result.ERROR, Result.ABANDONED)


@dataclass(frozen=True, slots=True)
class Cell:
    """
    Sum up the requests to the shop that were due in one second, of one step and result.

    A request belongs to the second for which it was meant, so that what a stalled shop made late is seen where it
    stalled, and what happens in a phase is judged in that phase.

    Args:
        t: the second, from 0.
        step: which request of the journey, such as `GET home`.
        result: what came of it.
        requests: how many; broken connections have no times, so the histograms may hold fewer.
        service: from the moment of sending.
        latency: from the intended moment.
    """

    t: int
    step: str
    result: Result
    requests: int
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)

    __pydantic_config__: ClassVar = STRICT


@dataclass(slots=True)
class CellSum:
    """
    Hold what cells add up to.

    Args:
        requests: how many there were.
        to_room: of those, how many were sent to the waiting room.
        errors: of those, how many failed.
        abandoned: of those, how many were given up by the shopper.
        service, latency: of the shop's own pages, that is without the way to the room, from sending and from the
            intended moment.
    """

    requests: int = 0
    to_room: int = 0
    errors: int = 0
    abandoned: int = 0
    service: Histogram = field(default_factory=Histogram)
    latency: Histogram = field(default_factory=Histogram)

    @property
    def error_ratio(self) -> float:
        """
        Return the share of requests that failed or were given up; 0 where there were none.
        """
        return (self.errors + self.abandoned) / self.requests if self.requests else 0.0

    def add(self, cell: Cell) -> None:
        """
        Count a cell in.
        """
        self.requests += cell.requests
        self.to_room += cell.requests if cell.result is Result.TO_ROOM else 0
        self.errors += cell.requests if cell.result is Result.ERROR else 0
        self.abandoned += cell.requests if cell.result is Result.ABANDONED else 0
        if cell.result is not Result.TO_ROOM:
            self.service.merge(cell.service)
            self.latency.merge(cell.latency)


def summed(cells: Iterable[Cell]) -> CellSum:
    """
    Return what *cells* add up to.
    """
    found = CellSum()
    for cell in cells:
        found.add(cell)
    return found


def due_within(cells: Iterable[Cell], from_s: float, to_s: float) -> Iterator[Cell]:
    """
    Yield the cells of the whole seconds that begin within a phase, from *from_s* until before *to_s*.
    """
    return (cell for cell in cells if from_s <= cell.t < to_s)


def merged_cells(parts: Iterable[Iterable[Cell]]) -> tuple[Cell, ...]:
    """
    Return the cells of several generators as those of one, in order.
    """
    sums: dict[tuple[int, str, Result], tuple[int, Histogram, Histogram]] = {}
    for cells in parts:
        for cell in cells:
            key = (cell.t, cell.step, cell.result)
            requests, service, latency = sums.get(key) or (0, Histogram(), Histogram())
            service.merge(cell.service)
            latency.merge(cell.latency)
            sums[key] = (requests + cell.requests, service, latency)
    return tuple(Cell(*key, *sums[key]) for key in sorted(sums))
