"""
The histogram keeps its promise of 0.6 %, and adds up without loss.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import documents
from loadtests.measuring.histogram import Histogram, bucket_of, lowest_of

values = st.lists(st.floats(0, 600_000, allow_nan=False), min_size=1, max_size=200)


@given(values, st.floats(0.1, 100))
def test_percentiles_are_within_the_error(sample: list[float], percent: float) -> None:
    """
    Any percentile differs by at most 0.6 % (and a microsecond of rounding) from the sorted sample's.
    """
    rank = max(1, math.ceil(len(sample) * percent / 100))
    true_ms = sorted(sample)[rank - 1]

    assert Histogram.of(sample).percentile_ms(percent) == pytest.approx(true_ms, rel=0.006, abs=0.001)


@given(values, values)
def test_merging_equals_recording_both(first: list[float], second: list[float]) -> None:
    """
    Two histograms added are the histogram of both samples, to the last count.
    """
    merged = Histogram.of(first)
    merged.merge(Histogram.of(second))

    assert merged == Histogram.of(first + second)


@given(values)
def test_json_gives_back_an_equal_histogram(sample: list[float]) -> None:
    """
    A histogram survives JSON.
    """
    histogram = Histogram.of(sample)

    assert documents.decode(Histogram, documents.encode(histogram), "histogram") == histogram


@given(st.integers(0, 2**40))
def test_each_value_lies_in_its_bucket(value_us: int) -> None:
    """
    Buckets neither overlap nor leave gaps.
    """
    index = bucket_of(value_us)

    assert lowest_of(index) <= value_us < lowest_of(index + 1)


def test_extremes_are_exact() -> None:
    """
    The smallest and the greatest value are not rounded into a bucket's middle.
    """
    histogram = Histogram.of([3.001, 500.0, 1234.567])

    assert (histogram.percentile_ms(0.1), histogram.percentile_ms(100)) == (3.001, 1234.567)


def test_merging_nothing_changes_nothing() -> None:
    """
    An empty histogram is the neutral element.
    """
    histogram = Histogram.of([5.0])
    histogram.merge(Histogram())

    assert histogram == Histogram.of([5.0])


def test_nothing_recorded_has_no_percentile() -> None:
    """
    An empty histogram claims nothing.
    """
    assert (Histogram().percentile_ms(50), Histogram().count) == (None, 0)
