"""
A histogram of durations that is exact enough to judge by and can be added up without loss.

Log-linear buckets, as in HdrHistogram: each doubling is cut into 128 equal parts, so a value read back differs from
the one recorded by at most 1/256 (0.4 %) of itself, plus the half microsecond of rounding. Adding two histograms is
adding their counts: seconds add up to the run, and processes to the whole, with no error of their own.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

_BITS = 7
_PARTS = 1 << _BITS


@dataclass(slots=True)
class Histogram:
    """
    Count durations in milliseconds, keeping the distribution to 0.4 %.

    Args:
        counts: how many durations fell into each bucket, by the bucket's index.
        total_us: the sum of all, in microseconds.
        lowest_us: the smallest seen, in microseconds; 0 when empty.
        highest_us: the greatest seen, likewise.
    """

    counts: dict[int, int] = field(default_factory=dict)
    total_us: int = 0
    lowest_us: int = 0
    highest_us: int = 0

    @classmethod
    def of(cls, values_ms: Iterable[float]) -> Self:
        """
        Return the histogram of *values_ms*.
        """
        histogram = cls()
        for value_ms in values_ms:
            histogram.record(value_ms)
        return histogram

    @property
    def count(self) -> int:
        """
        Return how many durations were recorded.
        """
        return sum(self.counts.values())

    def record(self, value_ms: float) -> None:
        """
        Count one duration; what is below zero (a clock's whim) counts as zero.
        """
        value_us = micros(value_ms)
        self.add(value_us, bucket_of(value_us))

    def add(self, value_us: int, index: int) -> None:
        """
        Count one duration in microseconds, for who has looked its bucket up and counts it in several places.
        """
        counts = self.counts
        if value_us < self.lowest_us or not counts:
            self.lowest_us = value_us
        self.highest_us = max(self.highest_us, value_us)
        counts[index] = counts.get(index, 0) + 1
        self.total_us += value_us

    def merge(self, other: Self) -> None:
        """
        Add the counts of *other*; the result is what recording both streams here would have given.
        """
        if not other.counts:
            return
        self.lowest_us = min(self.lowest_us, other.lowest_us) if self.counts else other.lowest_us
        self.highest_us = max(self.highest_us, other.highest_us)
        self.total_us += other.total_us
        for index, count in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + count

    def percentile_ms(self, percent: float) -> float | None:
        """
        Return the smallest duration that *percent* per cent do not exceed, or None when nothing was recorded.
        """
        count = self.count
        if not count:
            return None
        rank = min(count, max(1, math.ceil(count * percent / 100)))
        if rank == count:
            return self.highest_us / 1000
        seen = 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return min(max(middle_us(index), self.lowest_us), self.highest_us) / 1000
        return self.highest_us / 1000


def micros(value_ms: float) -> int:
    """
    Return a duration in whole microseconds; what is below zero is zero.
    """
    value_us = round(value_ms * 1000)
    return max(0, value_us)


def bucket_of(value_us: int) -> int:
    """
    Return the index of the bucket that holds *value_us*; indices rise with the values.
    """
    shift = value_us.bit_length() - _BITS - 1
    if shift <= 0:
        return value_us
    return (shift << _BITS) + (value_us >> shift)


def lowest_of(index: int) -> int:
    """
    Return the smallest whole number of microseconds that falls into the bucket.
    """
    shift = max(0, (index >> _BITS) - 1)
    return (index - (shift << _BITS)) << shift


def middle_us(index: int) -> float:
    """
    Return the value that stands for the bucket: its middle.
    """
    return (lowest_of(index) + lowest_of(index + 1) - 1) / 2
