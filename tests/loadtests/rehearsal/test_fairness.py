"""
The counts of broken promises: zero where all was kept, and every planted violation found.
"""

import bisect
import random

from hypothesis import given
from hypothesis import strategies as st

from loadtests.measuring.fairness import (
    WINDOWS_S,
    Announcement,
    Place,
    admissions_allowed,
    eta_coverage,
    order_inversions,
    over_admissions,
    places_lost,
    quantile,
)


def paced(rate_per_s: float, count: int, burst_first: bool = True) -> list[int]:
    """
    Admit as a token bucket of one tick's depth does at full demand, in whole milliseconds.
    """
    depth = max(1.0, rate_per_s * 0.25)
    tokens, last, times = (depth if burst_first else 0.0), 0.0, []
    for _ in range(count):
        wait = max(0.0, (1 - tokens) / rate_per_s)
        last += wait
        tokens = tokens + wait * rate_per_s - 1
        # Rounded up: a claim is never dated before its token was there.
        times.append(-int(-last * 1000 // 1))
    return times


def brute_over(times: list[int], rate: float) -> bool:
    """
    Tell by looking at every window that ends at a claim whether any holds too many.
    """
    times = sorted(times)
    for window in WINDOWS_S:
        for i, t in enumerate(times):
            inside = i + 1 - bisect.bisect_right(times, t - window * 1000)
            if inside > admissions_allowed(rate, window) + 1e-9:
                return True
    return False


rates = st.floats(0.5, 80)


@given(rate=rates, count=st.integers(1, 400), idle=st.booleans())
def test_a_token_bucket_at_full_demand_is_never_over(rate: float, count: int, idle: bool) -> None:
    """
    What the pacing allows is what the check allows: its bound is exact.
    """
    assert over_admissions(paced(rate, count, idle), rate_per_s=rate) == 0


@given(rate=st.floats(1, 40), at=st.integers(0, 60_000), extra=st.integers(1, 20))
def test_a_planted_burst_is_counted_to_the_claim(rate: float, at: int, extra: int) -> None:
    """
    A burst of so many more than one second may hold counts exactly so many.
    """
    burst = int(admissions_allowed(rate, 1) + 1e-9) + extra
    assert over_admissions([at] * burst, rate_per_s=rate) == extra


@given(times=st.lists(st.integers(0, 90_000), max_size=120), rate=st.floats(0.2, 5))
def test_the_count_is_zero_exactly_when_no_window_is_over(times: list[int], rate: float) -> None:
    """
    The running count agrees with looking at every window by brute force.
    """
    assert (over_admissions(times, rate_per_s=rate) > 0) == brute_over(times, rate)


def test_a_slow_leak_over_a_minute_is_found() -> None:
    """
    One per cent too many shows only over the sixty-second window.
    """
    leak = [i * 99 for i in range(800)]
    assert over_admissions(leak, rate_per_s=10, windows_s=(1, 10)) == 0
    assert over_admissions(leak, rate_per_s=10) > 0


def test_seats_beyond_the_capacity_count() -> None:
    """
    Three seats more than there are count three.
    """
    assert over_admissions([], rate_per_s=1, seats_peak=53, capacity=50) == 3


@st.composite
def queues(draw: st.DrawFn) -> list[Place]:
    """
    Draw a fair queue: called in order of their numbers, told to wait until then, seen with up to 1 s delay.
    """
    count = draw(st.integers(2, 60))
    rng = random.Random(draw(st.integers(0, 2**32)))
    called, places = 0.0, []
    for number in range(count):
        called += rng.expovariate(3)
        seen = called + rng.random() * 5
        last = min(seen, called + rng.random() * 0.99)
        places.append(Place(rng.choice(["standard", "loyal"]), number, seen, last if rng.random() < 0.9 else None))
    return places


@given(queue=queues(), seed=st.integers(0, 2**32))
def test_a_fair_queue_has_no_inversions(queue: list[Place], seed: int) -> None:
    """
    Served in order of numbers and answered from a picture at most a second old: nothing is counted.
    """
    random.Random(seed).shuffle(queue)
    assert order_inversions(queue) == 0


@given(queue=queues(), data=st.data())
def test_a_planted_overtaking_is_found(queue: list[Place], data: st.DataObject) -> None:
    """
    One who is still told to wait long after the last of the lane was called is counted once.
    """
    victim = data.draw(st.sampled_from(queue))
    behind = [p for p in queue if p.lane == victim.lane and p.number > victim.number and p.called_s is not None]
    late = max((p.called_s or 0.0) for p in queue) + 2
    planted = [p for p in queue if p is not victim] + [Place(victim.lane, victim.number, late + 1, late)]
    assert order_inversions(planted) == (1 if behind else 0)


def test_another_lane_may_be_called_first() -> None:
    """
    Order is promised within a lane.
    """
    assert order_inversions([Place("standard", 1, 30, 29), Place("loyal", 9, 2, None)]) == 0


def test_one_who_went_away_is_not_overtaken() -> None:
    """
    Who was last told to wait before the one behind was called has seen no injustice.
    """
    assert order_inversions([Place("standard", 1, None, 5), Place("standard", 2, 9, 8)]) == 0


def test_a_changed_a_vanished_and_a_doubled_number_are_lost_places() -> None:
    """
    Each of the three counts, and a kept number does not.
    """
    places = [
        Place("standard", 1, 1, None),
        Place("standard", 2, 1, None, number_changed=True),
        Place("standard", 3, None, 4, vanished=True),
        Place("standard", 4, 1, None),
        Place("standard", 4, 2, None),
        Place("loyal", 4, 2, None),
    ]
    assert places_lost(places) == 3


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 50), st.floats(0, 100)), min_size=1))
def test_eta_coverage_is_the_share_of_ranges_that_held(told: list[tuple[float, float, float]]) -> None:
    """
    Borders belong to the range.
    """
    announced = [Announcement(low, low + width, real) for low, width, real in told]
    share = sum(low <= real <= low + width for low, width, real in told) / len(told)
    assert eta_coverage(announced) == share


def test_eta_coverage_of_nobody_is_unknown() -> None:
    """
    No announcement is no evidence, neither good nor bad.
    """
    assert eta_coverage([]) is None


def test_quantiles_interpolate() -> None:
    """
    Half way between the two middle values, and None of nothing.
    """
    assert quantile([4, 1, 3, 2], 0.5) == 2.5
    assert quantile([], 0.5) is None
