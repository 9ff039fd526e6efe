"""
How a step is ended, what its seconds come to, and how a recovery is seen.
"""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.forecast.knee import Objective, Step
from loadtests.measuring.histogram import Histogram
from loadtests.measuring.measures import Outcome, Second, ShopperRecord
from loadtests.rehearsal.capacity import (
    MOST_WARM_S,
    SURGE_S,
    Enough,
    Recovering,
    Stopping,
    recovery_of,
    step_of,
    warm_up_s,
)
from loadtests.rehearsal.capacity_story import buyers_of
from tests.loadtests.capacity.test_knee import EMPTY
from tests.loadtests.capacity.test_recommending import stream


def line(t: int, pages: int = 200, errors: int = 0, orders: int = 20, p95_ms: float | None = 100) -> dict[str, Any]:
    """
    Return a second as the generator tells it.
    """
    return {"t": t, "shop_requests": pages, "shop_errors": errors, "orders_seen": orders, "shop_p95_ms": p95_ms}


def ended_at(stop: Stopping | Recovering, lines: list[dict[str, Any]]) -> int | None:
    """
    Return in which second it was enough; None where it never was.
    """
    for heard in lines:
        try:
            stop.heard(heard)
        except Enough:
            return int(heard["t"])
    return None


def step(shoppers: int, per_s: float) -> Step:
    """
    Return a step.
    """
    return Step(shoppers, per_s, 40, 90, 0, 5, settled=True)


def test_an_even_step_ends_after_four_seconds_that_count() -> None:
    """
    The second of the warm-up is none of them.
    """
    assert ended_at(Stopping(8, 1, 10), [line(t) for t in range(20)]) == 4


def test_a_step_waits_until_everybody_has_gone_round_twice() -> None:
    """
    Sixty-four shoppers need 128 orders: six seconds at twenty, and a bit.
    """
    assert ended_at(Stopping(64, 1, 10), [line(t) for t in range(20)]) == 7


def test_an_uneven_step_ends_when_its_time_is_over() -> None:
    """
    And says that it has not settled.
    """
    stop = Stopping(8, 1, 6)

    assert ended_at(stop, [line(t, pages=100 + 200 * (t % 2)) for t in range(20)]) == 6
    assert not stop.settled


def test_failed_requests_are_no_throughput() -> None:
    """
    A shop that answers with errors is quick and sells nothing.
    """
    stop = Stopping(8, 0, 6)
    ended_at(stop, [line(t, pages=500, errors=500) for t in range(20)])

    assert stop.pages == [0] * 6


def test_the_first_step_warms_up_for_a_second() -> None:
    """
    One shopper alone is steady at once.
    """
    assert warm_up_s([]) == 1


def test_a_step_warms_up_for_about_a_round() -> None:
    """
    Of thirty-two at twenty a second the next step's round may take twice as long: three seconds.
    """
    assert warm_up_s([step(32, 20)]) == 3


def test_the_warm_up_is_bounded() -> None:
    """
    A shop that sells next to nothing would warm up for ever.
    """
    assert warm_up_s([step(32, 0.1)]) == MOST_WARM_S


def second(t: int, p95_ms: float, errors: int = 0) -> Second:
    """
    Return a second with pages that took so long.
    """
    latency = Histogram.of([p95_ms] * 100)
    return Second(t, 0, 100, errors, p95_ms, p95_ms, 0, 0, 0, 0, 0.1, latency)


def test_a_step_is_judged_by_the_seconds_after_its_warm_up() -> None:
    """
    Slow pages and errors of the warm-up and of the last, broken second do not count.
    """
    visits = tuple(
        ShopperRecord(i=t, arrival_s=t, start_lag_ms=0, outcome=Outcome.BOUGHT, ended_s=t + 1) for t in range(6)
    )
    measures = replace(
        EMPTY, seconds=(second(0, 900, 9), *(second(t, 80) for t in range(1, 5)), second(5, 900, 9)), shoppers=visits
    )
    stop = Stopping(1, 1, 4)
    ended_at(stop, [line(t) for t in range(6)])

    found = step_of(1, measures, stop)

    assert found.page_p95_ms == pytest.approx(80, rel=0.01)
    assert (found.error_ratio, found.judged_s) == (0, 4)
    assert found.orders_per_s == pytest.approx(1)


def test_a_recovery_is_three_good_seconds_in_a_row() -> None:
    """
    One good second between bad ones is none.
    """
    slow, fine = 3000, 100
    told = [fine] * SURGE_S + [slow, fine, slow, fine, fine, fine, fine]
    watch = Recovering(Objective())

    assert ended_at(watch, [line(t, p95_ms=p95) for t, p95 in enumerate(told)]) == SURGE_S + 5
    assert watch.well_at_s == SURGE_S + 3


@pytest.mark.parametrize("bad", [{"errors": 1}, {"p95_ms": None}, {"p95_ms": 1001}])
def test_a_second_with_errors_or_without_pages_is_not_good(bad: dict[str, Any]) -> None:
    """
    Silence is no recovery.
    """
    assert ended_at(Recovering(Objective()), [line(t, **bad) for t in range(60)]) is None


def test_a_recovery_counts_from_the_end_of_the_surge() -> None:
    """
    With the worst second and all that failed.
    """
    found = recovery_of([second(0, 100), second(7, 2500, 3), second(8, 90, 1)], 60, SURGE_S + 4)

    assert (found.after_s, found.failed) == (4, 4)
    assert found.worst_p95_ms == 2500


def test_only_plain_buyers_go_round() -> None:
    """
    The others are weighed against them, and those who mean no good are not measured at all.
    """
    assert buyers_of(stream(window=5, buyer=1, bot=3)).journeys == {"buyer": 1.0}


def test_a_journey_of_ones_own_goes_round() -> None:
    """
    It is the only one that can walk through a shop of one's own.
    """
    custom = replace(stream(), journeys={"my_shop.py:Shopper": 2.0, "bot": 1.0})

    assert buyers_of(custom).journeys == {"my_shop.py:Shopper": 2.0}
