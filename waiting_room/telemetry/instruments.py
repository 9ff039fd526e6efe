"""
What hot paths add to: plain numbers that are handed over about once a second.

They are for one event loop, not for threads.
"""

from bisect import bisect_left
from collections.abc import Callable


class Counter:
    """
    Count events of one label set, and give *hand_over* what was added.
    """

    __slots__ = ("_hand_over", "_pending")

    def __init__(self, hand_over: Callable[[float], None]) -> None:
        self._hand_over = hand_over
        self._pending: float = 0

    def inc(self, amount: float = 1) -> None:
        """
        Add *amount*, which is never negative.
        """
        self._pending += amount

    def flush(self) -> None:
        """
        Hand over what was added since the last flush.
        """
        if self._pending:
            pending, self._pending = self._pending, 0
            self._hand_over(pending)


class Gauge:
    """
    Hold one level, and give it to *hand_over*; nothing is told before the first `set` or `inc`.
    """

    __slots__ = ("_changed", "_hand_over", "_value")

    def __init__(self, hand_over: Callable[[float], None]) -> None:
        self._hand_over = hand_over
        self._value: float = 0
        self._changed = False

    def set(self, value: float) -> None:
        """
        Replace the level; a repeated value counts as news too, since the newest of several workers' readings wins.
        """
        self._value = value
        self._changed = True

    def inc(self, amount: float = 1) -> None:
        """
        Raise the level by *amount*, or lower it when that is negative.
        """
        self.set(self._value + amount)

    def flush(self) -> None:
        """
        Hand over the level if it was told anew since the last flush.
        """
        if self._changed:
            self._changed = False
            self._hand_over(self._value)


class Histogram:
    """
    Sort observations into buckets with the upper *bounds* and a last one without, and give *hand_over* counts and sum.
    """

    __slots__ = ("_bounds", "_counts", "_hand_over", "_sum")

    def __init__(self, hand_over: Callable[[list[int], float], None], bounds: tuple[float, ...]) -> None:
        self._hand_over = hand_over
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum: float = 0

    def observe(self, value: float) -> None:
        """
        Count *value*, in the metric's unit, in the first bucket whose bound is not below it.
        """
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def flush(self) -> None:
        """
        Hand over what was observed since the last flush.
        """
        counts, self._counts = self._counts, [0] * len(self._counts)
        total, self._sum = self._sum, 0
        if any(counts):
            self._hand_over(counts, total)


Instrument = Counter | Gauge | Histogram
