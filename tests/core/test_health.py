"""
What gates report, added up.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.health import (
    BOUNDS_MS,
    ENOUGH,
    LEAST_MS,
    MOST_MS,
    Health,
    decode,
    gathered,
    read_health,
    recent,
)
from waiting_room.gates import ledger

COUNTS = st.lists(st.integers(0, 1000), min_size=13, max_size=13).map(tuple)


def health(at_ms: int = 0, requests: int = 100, **changes: Any) -> Health:
    """
    Return a second in which *requests* took 60 ms each.
    """
    counts = tuple(requests if bound == 100 else 0 for bound in (*BOUNDS_MS, None))
    base = Health(at_ms, 1000, requests, 0, 60 * requests, 60 * requests, counts)
    return base._replace(**changes)


@st.composite
def healths(draw: st.DrawFn) -> Health:
    """
    Return any health that adds up.
    """
    counts = draw(COUNTS)
    errors = draw(st.integers(0, sum(counts)))
    sums = draw(st.tuples(*[st.integers(0, 10**6)] * 3))
    return Health(draw(st.integers(0, 10**6)), sums[0], sum(counts), errors, sums[1], sums[2], counts)


def test_gates_count_in_the_buckets_that_the_core_reads() -> None:
    """
    The bounds stand in two places, since the core imports nobody; they are the same.
    """
    assert ledger.LATENCY_BOUNDS_MS == BOUNDS_MS


@given(healths(), healths(), healths())
def test_merging_does_not_depend_on_the_order(one: Health, two: Health, three: Health) -> None:
    """
    Whichever worker or gate is heard first, the sums are the same.
    """
    assert one.merge(two).merge(three) == three.merge(one).merge(two)


@given(healths())
def test_what_was_encoded_is_decoded(one: Health) -> None:
    """
    The store keeps a health as text, with its own time in front.
    """
    assert decode(f"{one.at_ms}:{one.encode()}") == one


@given(healths(), st.floats(0.01, 0.99))
def test_a_quantile_never_falls_with_its_share(one: Health, share: float) -> None:
    """
    More of the answers are below a longer time.
    """
    assert one.quantile_ms(share) <= one.quantile_ms(min(1.0, share + 0.01))


def test_two_are_merged_by_adding_and_the_newer_says_when() -> None:
    """
    Each sum by itself; also where the older one is heard last.
    """
    one, other = Health(7, 1, 2, 3, 4, 5, tuple(range(13))), Health(6, 10, 20, 30, 40, 50, tuple(range(100, 113)))
    both = Health(7, 11, 22, 33, 44, 55, tuple(range(100, 126, 2)))

    assert one.merge(other) == other.merge(one) == both


def buckets(**counts: int) -> Health:
    """
    Return a health with so many answers in some buckets, named by their bounds.
    """
    return Health(counts=tuple(counts.get(f"below_{bound}", 0) for bound in (*BOUNDS_MS, "ever")))


@pytest.mark.parametrize(
    ("seen", "share", "ms"),
    [
        (buckets(below_10=100), 0.5, 5.0),  # the first bucket begins at nothing
        (buckets(below_ever=100), 0.5, 90_000.0),  # the last one ends at twice the highest bound
        (buckets(below_10=50, below_50=50), 0.5, 10.0),  # an even half ends with its bucket
        (buckets(below_10=50, below_50=50), 0.75, 37.5),
        (buckets(below_10=50, below_50=50, below_500=100), 0.75, 375.0),  # all that is below counts
        (Health(), 0.95, 0.0),
    ],
)
def test_a_quantile_divides_its_bucket_evenly(seen: Health, share: float, ms: float) -> None:
    """
    From its lower to its upper bound; without answers it is nothing.
    """
    assert seen.quantile_ms(share) == pytest.approx(ms)


def test_the_quantile_lies_within_its_bucket() -> None:
    """
    A hundred answers between 50 and 100 ms: the 95th lies at 97.5.
    """
    assert health().p95_ms == pytest.approx(97.5)


def test_requests_that_pile_up_count_before_they_are_answered() -> None:
    """
    With a hundred inside all the time and ten answers a second, a request takes ten seconds, whatever the ten took.
    """
    assert health(requests=10, in_flight_ms=100_000).p95_ms == 10_000


def in_turn(count: int, window_ms: int = 1000) -> list[Health]:
    """
    Return the reports of so many gates of one shop, each of which lets its share of the requests through.
    """
    return [health(requests=100 // count, window_ms=window_ms) for _ in range(count)]


@pytest.mark.parametrize("gates", [1, 2, 4, 10])
def test_gates_that_share_a_second_cover_one_second(gates: int) -> None:
    """
    However many tell of it, the shop answered a hundred requests within it, and as many were in flight.
    """
    found = gathered(in_turn(gates), 1000)

    assert found is not None
    assert (found.window_ms, found.requests, found.in_flight_ms) == (1000, 100, 6000)


@pytest.mark.parametrize(
    ("windows", "since_ms", "covered_ms"),
    [
        ([50] * 20, 1000, 1000),  # a gate that reports twenty times a second
        ([1000, 1000], 2000, 2000),  # a second report that was due in the next second
        ([5000, 5000], 1000, 5000),  # gates that report every five seconds
        ([1000], 60_000, 1000),  # the first report after a silence
    ],
)
def test_reports_cover_the_time_they_tell_of(windows: list[int], since_ms: int, covered_ms: int) -> None:
    """
    That since the last ones were handed on; no less than the longest of them, and no more than all of them.
    """
    found = gathered([health(window_ms=each) for each in windows], since_ms)

    assert found is not None
    assert found.window_ms == covered_ms


def test_no_report_is_no_health() -> None:
    """
    Nothing is handed on where no gate has told anything.
    """
    assert gathered([], 1000) is None


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_share_the_gates_tell_of_the_same_seconds(workers: int) -> None:
    """
    Their records stand side by side: a hundred requests a second, whichever of them heard of it.
    """
    records = [each._replace(at_ms=at_ms) for at_ms in range(1000, 5000, 1000) for each in in_turn(workers)]
    found = recent(records, 4000)

    assert found is not None
    assert (found.window_ms, found.requests) == (4000, 400)


def test_silence_is_no_health() -> None:
    """
    Without a record, or with old ones alone, nothing is known.
    """
    assert recent([health(0)], MOST_MS + 1) is None


def test_a_busy_shop_is_looked_back_at_for_three_seconds() -> None:
    """
    What is old would hide what has just happened.
    """
    records = [health(at_ms, requests=ENOUGH) for at_ms in range(0, 10_000, 1000)]
    found = recent(records, 9000)

    assert found is not None
    assert found.window_ms == LEAST_MS + 1000


def test_just_enough_answers_are_enough() -> None:
    """
    Four seconds with fifty each: no older one is looked at.
    """
    found = recent([health(at_ms, requests=ENOUGH // 4) for at_ms in range(0, 10_000, 1000)], 9000)

    assert found is not None
    assert found.requests == ENOUGH


def test_a_small_shop_is_looked_back_at_for_longer() -> None:
    """
    One request a second gives a 95th percentile only after a while.
    """
    found = recent([health(at_ms, requests=1) for at_ms in range(0, 20_000, 1000)], 19_000)

    assert found is not None
    assert found.requests == 11


def report(**changes: Any) -> dict[str, Any]:
    """
    Return the part on health of a report, as a gate sends it.
    """
    gates = ledger.Health(0)
    for latency_ms in (20, 60, 700):
        gates.add(latency_ms, error=latency_ms == 700)
    return gates.as_dict(1000, 2) | changes


def test_a_gates_report_is_read() -> None:
    """
    What the ledger sends is understood: counts for each bucket, and the time in flight.
    """
    found, faults = read_health(report())

    assert faults == []
    assert found is not None
    assert (found.requests, found.errors, found.in_flight_ms, found.latency_ms) == (3, 1, 2000, 780)
    assert [found.counts[index] for index in (1, 3, 6)] == [1, 1, 1]
    assert found.at_ms == 0, "when it came is the store's to say"


def test_a_sum_may_be_as_large_as_a_long_life_makes_it() -> None:
    """
    A million million ms are thirty years.
    """
    assert read_health(report(latency_ms_sum=10**12))[1] == []
    assert [fault.where for fault in read_health(report(latency_ms_sum=10**12 + 1))[1]] == ["health.latency_ms_sum"]


def test_a_report_without_health_is_no_fault() -> None:
    """
    A proxy that asks the authorize endpoint reports none.
    """
    assert read_health({}) == (None, [])


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"requests": -1}, "health.requests"),
        ({"in_flight": "2"}, "health.in_flight"),
        ({"window_ms": True}, "health.window_ms"),
        ({"latency_buckets": {"10": 1}}, "health.latency_buckets"),
        ({"latency_buckets": [str(bound) for bound in BOUNDS_MS]}, "health.latency_buckets"),
        ({"latency_buckets": None}, "health.latency_buckets"),
        ({"errors": 4}, "health"),
        ({"requests": 2, "errors": 0}, "health"),
    ],
)
def test_a_report_that_cannot_be_is_refused(change: dict[str, Any], where: str) -> None:
    """
    A fault names the field.
    """
    found, faults = read_health(report(**change))

    assert found is None
    assert [fault.where for fault in faults] == [where]
