"""
What is counted during a run: second by second, and of each wait.
"""

from array import array
from random import Random
from typing import Final

SERIES: Final = ("arrivals", "polls", "called", "admitted", "waiting", "seats", "capacity")
_LONG_S: Final = 30.0


class Tally:
    """
    Count what happens in each second, and judge each wait by one moment of it that is drawn at random.

    An answer stays on the screen until the next one, so it is weighted by that time. Every *stride*-th visitor is
    followed.
    """

    def __init__(self, count: int, seed: int, stride: int) -> None:
        self.stride = stride
        self._draw = Random(f"moments:{seed}").random
        followed = count // stride + 1
        self._told_ms = array("q", [0]) * followed
        self._low = array("d", [0.0]) * followed
        self._high = array("d", [0.0]) * followed
        self._total = array("d", [0.0]) * followed
        self._moment_ms = array("q", [0]) * followed
        self._moment_low = array("d", [0.0]) * followed
        self._moment_high = array("d", [0.0]) * followed
        self.judged: list[tuple[float, float, float, float]] = []
        self.polls = 0
        self.seconds: dict[str, array[int]] = {name: array("q") for name in SERIES}

    def told(self, who: int, now_ms: int, low_s: float, high_s: float) -> None:
        """
        Put a range on the screen of *who*; a negative one stands for none.
        """
        at = who // self.stride
        self._close(at, now_ms)
        self._told_ms[at] = now_ms if low_s >= 0 else 0
        self._low[at], self._high[at] = low_s, high_s

    def called(self, who: int, now_ms: int, arrived_ms: int) -> None:
        """
        Judge the wait of *who*, whose turn has come.
        """
        if who % self.stride:
            return
        at = who // self.stride
        self._close(at, now_ms)
        self._told_ms[at] = 0
        moment_ms = self._moment_ms[at]
        if moment_ms:
            remaining_s = (now_ms - moment_ms) / 1000
            waited_s = (now_ms - arrived_ms) / 1000
            self.judged.append((waited_s, remaining_s, self._moment_low[at], self._moment_high[at]))
            self._moment_ms[at] = 0

    def _close(self, at: int, now_ms: int) -> None:
        told_ms = self._told_ms[at]
        if not told_ms or now_ms <= told_ms:
            return
        length = now_ms - told_ms
        self._total[at] += length
        if self._draw() * self._total[at] < length:
            self._moment_ms[at] = told_ms + int(self._draw() * length)
            self._moment_low[at], self._moment_high[at] = self._low[at], self._high[at]

    def coverage(self) -> float | None:
        """
        Return the share of the moments at which the range that was shown held the true remaining wait.
        """
        if not self.judged:
            return None
        return sum(low <= remaining <= high for _, remaining, low, high in self.judged) / len(self.judged)

    def width(self) -> float | None:
        """
        Return the median width of the ranges that were shown, in relation to the true remaining wait, of those of half
        a minute and more: a range that always holds may tell nothing.
        """
        widths = sorted((high - low) / left for _, left, low, high in self.judged if left >= _LONG_S)
        return widths[len(widths) // 2] if widths else None
