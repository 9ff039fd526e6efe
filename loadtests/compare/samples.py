"""
What a run's figures are made of: its seconds in a row, and what each adds.

A figure is computed from sums over seconds. So it can be computed again for any choice of them, which is all that a
bootstrap asks for; and the sums over a block of neighbours are differences of running sums, which makes it quick.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

Running = tuple[float, ...]
"""Running sums over the seconds: the sum over any block is a difference of two."""
BlockSum = Callable[[Running], float]
"""The sum over the blocks that were drawn."""


class Sample(Protocol):
    """
    One run's data behind one figure.
    """

    @property
    def units(self) -> int:
        """
        Return how many seconds there are.
        """

    def value(self) -> float | None:
        """
        Return the figure, or None where the data hold none.
        """

    def of(self, total: BlockSum) -> float | None:
        """
        Return the figure over the blocks that *total* sums up.
        """

    def influence(self) -> list[float]:
        """
        Return how much each second moves the figure, up to a factor: the series whose dependence matters.
        """


def running(values: Sequence[float]) -> Running:
    """
    Return the running sums of *values*.
    """
    return (0.0, *accumulate(values))


@dataclass(frozen=True, slots=True)
class Ratio:
    """
    A sum over a sum: a mean, a share, a rate.

    Args:
        above: what each second adds to the one.
        below: and to the other.
    """

    above: tuple[float, ...]
    below: tuple[float, ...]
    _running: list[Running] = field(default_factory=list, compare=False, repr=False)

    @property
    def units(self) -> int:
        """
        Return how many seconds there are.
        """
        return len(self.above)

    def value(self) -> float | None:
        """
        Return the ratio of the sums.
        """
        below = sum(self.below)
        return sum(self.above) / below if below else None

    def of(self, total: BlockSum) -> float | None:
        """
        Return the ratio over the blocks that *total* sums up.
        """
        if not self._running:
            self._running.extend((running(self.above), running(self.below)))
        above, below = (total(sums) for sums in self._running)
        return above / below if below else None

    def influence(self) -> list[float]:
        """
        Return each second's part in the ratio's error.
        """
        ratio = self.value() or 0.0
        scale = sum(self.below) / max(1, self.units) or 1.0
        return [(above - ratio * below) / scale for above, below in zip(self.above, self.below, strict=True)]


@dataclass(frozen=True, slots=True)
class Quantile:
    """
    The value that a share *q* of all observations does not exceed.

    Args:
        q: the share.
        seen: how often each value was observed, by second.
    """

    q: float
    seen: tuple[Mapping[float, int], ...]
    _below: dict[float, Running] = field(default_factory=dict, compare=False, repr=False)
    _grid: list[float] = field(default_factory=list, compare=False, repr=False)
    _ranked: list[tuple[list[float], Running]] = field(default_factory=list, compare=False, repr=False)

    @property
    def units(self) -> int:
        """
        Return how many seconds there are.
        """
        return len(self.seen)

    def value(self) -> float | None:
        """
        Return the quantile of all observations.
        """
        return self.of(lambda sums: sums[self.units])

    def of(self, total: BlockSum) -> float | None:
        """
        Return the quantile over the blocks that *total* sums up.
        """
        grid = self._values()
        everything = total(self._up_to(grid[-1])) if grid else 0.0
        if not everything:
            return None
        low, high = 0, len(grid) - 1
        while low < high:
            middle = (low + high) // 2
            if total(self._up_to(grid[middle])) >= self.q * everything:
                high = middle
            else:
                low = middle + 1
        return grid[low]

    def influence(self) -> list[float]:
        """
        Return for each second by how much its observations lie below the quantile more often than they should.
        """
        at = self.value()
        if at is None:
            return [0.0] * self.units
        below = self._counts(at)
        return [self.q * sum(second.values()) - count for second, count in zip(self.seen, below, strict=True)]

    def _values(self) -> list[float]:
        if not self._grid:
            self._grid.extend(sorted({value for second in self.seen for value in second}))
            for second in self.seen:
                values = sorted(second)
                self._ranked.append((values, (0.0, *accumulate(float(second[value]) for value in values))))
        return self._grid

    def _up_to(self, limit: float) -> Running:
        # Kept: a bootstrap asks for the few values around the quantile again and again.
        found = self._below.get(limit)
        if found is None:
            found = self._below[limit] = running(self._counts(limit))
        return found

    def _counts(self, limit: float) -> list[float]:
        return [sums[bisect_right(values, limit)] for values, sums in self._ranked]
