"""
The search for the knee: which step comes next, when a step is long enough, and what the steps say together.
"""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.forecast.knee import Knee, Objective, Step, knee_of, next_shoppers, orders_per_s, settled
from loadtests.forecast.scaling import PoolLaw, UniversalLaw
from loadtests.measuring.measures import Measures, Outcome, Outcomes, ShopperRecord

OBJECTIVE = Objective(page_p95_ms=1000, error_ratio=0.01)
MOST = 512


def step(shoppers: int, per_s: float, p95_ms: float | None = 90, errors: float = 0.0) -> Step:
    """
    Return a step that settled.
    """
    return Step(shoppers, per_s, 40, p95_ms, errors, 4.0, settled=True)


def searched(law: PoolLaw | UniversalLaw, noise: float = 0.0, seed: int = 0) -> list[Step]:
    """
    Return the steps that the search makes in a shop that follows *law*.
    """
    draw = random.Random(f"steps:{seed}")
    steps: list[Step] = []
    while (shoppers := next_shoppers(steps, OBJECTIVE, MOST)) is not None:
        steps.append(step(shoppers, law.per_s(shoppers) * draw.uniform(1 - noise, 1 + noise)))
    return steps


def knee(*steps: Step) -> Knee:
    """
    Return what steps say together.
    """
    return knee_of(steps, OBJECTIVE)


def test_the_search_begins_with_one_shopper() -> None:
    """
    One shopper alone tells how long a visit takes in an idle shop.
    """
    assert next_shoppers([], OBJECTIVE, MOST) == 1


def test_a_step_has_twice_as_many_shoppers_as_the_one_before() -> None:
    """
    Few steps reach far, and lie evenly for a law in proportions.
    """
    assert next_shoppers([step(1, 2), step(2, 4)], OBJECTIVE, MOST) == 4


def test_a_broken_objective_ends_the_search() -> None:
    """
    More shoppers would only hurt more.
    """
    assert next_shoppers([step(1, 2), step(2, 4, p95_ms=1500)], OBJECTIVE, MOST) is None


def test_one_flat_step_does_not_end_the_search() -> None:
    """
    It may be a moment's weakness.
    """
    assert next_shoppers([step(4, 9), step(8, 9.2)], OBJECTIVE, MOST) == 16


def test_the_search_goes_one_step_beyond_the_knee() -> None:
    """
    Two flat steps in a row are the knee and a step beyond it.
    """
    assert next_shoppers([step(4, 9), step(8, 9.2), step(16, 9.1)], OBJECTIVE, MOST) is None


def test_the_search_ends_with_the_most_shoppers_allowed() -> None:
    """
    A shop may be larger than what we can bring to it.
    """
    assert next_shoppers([step(256, 900)], OBJECTIVE, 300) is None


def test_a_shop_that_was_still_rising_has_no_knee_yet() -> None:
    """
    The figure is then what was seen, and less than the shop can do.
    """
    assert not knee(*(step(n, 2.0 * n) for n in (1, 2, 4, 8))).found


@given(st.floats(0.5, 5), st.floats(2, 60), st.integers(0, 10**6))
def test_the_capacity_of_a_pool_is_found_within_the_noise(alone: float, corner: float, seed: int) -> None:
    """
    With each step up to 4 % off, what the shop is said to sell is within a tenth of the truth.
    """
    steps = searched(PoolLaw(alone, alone * corner), 0.04, seed)

    assert knee_of(steps, OBJECTIVE).orders_per_s == pytest.approx(alone * corner, rel=0.1)


@given(st.floats(0.5, 5), st.floats(0.02, 0.2), st.floats(0.001, 0.01))
def test_the_capacity_of_a_shop_with_a_peak_is_what_was_seen_near_it(alone: float, sigma: float, kappa: float) -> None:
    """
    It is never above the law's peak, and not far below.
    """
    law = UniversalLaw(alone, sigma, kappa)
    found = knee_of(searched(law), OBJECTIVE)
    peak = law.peak

    assert peak is not None
    assert 0.8 * law.per_s(peak) <= found.orders_per_s <= law.per_s(peak) * 1.0001


def test_what_was_sold_while_the_objective_was_broken_does_not_count() -> None:
    """
    A shop that sells more with pages of two seconds is not to be run there.
    """
    assert knee(step(1, 2), step(2, 4), step(4, 8), step(8, 12, p95_ms=2000)).orders_per_s == 8


def test_errors_break_the_objective_like_slow_pages() -> None:
    """
    The knee by the objective lies between the last step that kept it and the first that did not.
    """
    found = knee(step(1, 2), step(2, 4), step(4, 7, errors=0.05))

    assert (found.kept_up_to, found.broken_from, found.found) == (2, 4, True)


def test_a_shop_without_any_page_keeps_nothing() -> None:
    """
    No answer is no quick answer.
    """
    found = knee(step(1, 0.0, p95_ms=None, errors=1.0))

    assert (found.orders_per_s, found.shoppers, found.kept_up_to) == (0.0, 0, 0)


def test_the_law_that_fits_better_is_believed() -> None:
    """
    A pool's corner is told by the pool law.
    """
    believed = knee_of(searched(PoolLaw(2.33, 20)), OBJECTIVE).believed

    assert believed is not None
    assert isinstance(believed.law, PoolLaw)


def test_no_law_is_believed_that_misses_a_point_by_far() -> None:
    """
    Steps that go up and down follow no law; the figure then rests on the steps alone.
    """
    found = knee(step(1, 2), step(2, 7), step(4, 3), step(8, 9), step(16, 4), step(32, 4))

    assert found.believed is None


def test_too_few_steps_leave_no_law() -> None:
    """
    The steps still say what was sold.
    """
    found = knee(step(1, 2), step(2, 2, p95_ms=3000))

    assert (found.universal, found.pool, found.orders_per_s) == (None, None, 2)


def test_even_seconds_settle_after_four() -> None:
    """
    There is nothing more to learn.
    """
    assert settled([200, 201, 199, 200])
    assert not settled([200, 200, 200])


def test_uneven_seconds_do_not_settle() -> None:
    """
    With such spread the mean of six may be anywhere within a fifth.
    """
    assert not settled([100, 300, 150, 260, 90, 280])


def test_nothing_never_settles() -> None:
    """
    A shop that answers nothing has to be waited for.
    """
    assert not settled([0, 0, 0, 0, 0, 0])


@given(st.floats(1, 1000), st.lists(st.floats(0.99, 1.01), min_size=4, max_size=40))
def test_seconds_within_a_hundredth_always_settle(mean: float, factors: list[float]) -> None:
    """
    At the fewest seconds and with the widest of Student's factors as well.
    """
    assert settled([mean * factor for factor in factors])


def loop(*visits: tuple[float, float, Outcome]) -> Measures:
    """
    Return what a closed loop noted of visits: from, to, and how they ended.
    """
    shoppers = tuple(
        ShopperRecord(i=i, arrival_s=from_s, start_lag_ms=0, outcome=outcome, ended_s=to_s)
        for i, (from_s, to_s, outcome) in enumerate(visits)
    )
    return replace(EMPTY, shoppers=shoppers)


EMPTY = Measures(
    run="capacity",
    seed=1,
    started_at_ms=0,
    duration_s=10,
    interrupted=False,
    overload=(0, 10),
    arrivals=0,
    scheduled=0,
    not_started=0,
    start_lag_p50_ms=None,
    start_lag_p99_ms=None,
    start_lag_max_ms=None,
    generator_cpu_share=0,
    generator_cpu_peak=0,
    outcomes=Outcomes(),
    shop_p95_ms=None,
    shop_service_p95_ms=None,
    shop_requests=0,
    shop_errors=0,
    error_ratio=0,
)
BOUGHT, BROWSED, LEFT, UNFINISHED = Outcome.BOUGHT, Outcome.BROWSED, Outcome.GAVE_UP_SHOP, Outcome.UNFINISHED


@given(st.integers(1, 12), st.floats(0.3, 2), st.floats(0, 1))
def test_a_loop_buys_its_shoppers_per_round(shoppers: int, round_s: float, off: float) -> None:
    """
    Wherever the span cuts the rounds, the throughput is the number of shoppers over the time of a round, exactly.
    """
    visits = []
    for _ in range(shoppers):
        rounds = int(10 / round_s)
        visits += [(k * round_s, (k + 1) * round_s, BOUGHT) for k in range(rounds)]
        visits.append((rounds * round_s, 10.0, UNFINISHED))

    assert orders_per_s(loop(*visits), 1 + off, 7 + off) == pytest.approx(shoppers / round_s)


def test_the_time_of_those_who_buy_nothing_is_lost() -> None:
    """
    A shopper who fails half of the time buys half as much.
    """
    assert orders_per_s(loop((0, 2, BOUGHT), (2, 4, LEFT), (4, 6, BOUGHT), (6, 8, LEFT)), 0, 8) == pytest.approx(0.25)


def test_a_loop_that_ends_no_visit_buys_nothing() -> None:
    """
    Nothing is known of how long a round would take.
    """
    assert orders_per_s(loop((0, 8, UNFINISHED)), 2, 8) == 0


def test_visits_outside_of_the_span_do_not_count() -> None:
    """
    The warm-up before the span, with its slow first pages, is left out.
    """
    assert orders_per_s(loop((0, 4, BOUGHT), (4, 5, BOUGHT), (5, 6, BOUGHT)), 4, 6) == pytest.approx(1)
