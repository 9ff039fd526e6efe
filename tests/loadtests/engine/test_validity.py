"""
The gate before every verdict: what the load generator itself must keep to.
"""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.arrivals.rate import Rate, draw_arrivals
from loadtests.journeys.browser import Answer
from loadtests.judging.thresholds import DEFAULTS, applicable, evaluate
from loadtests.judging.validity import Generator, generator_of
from loadtests.judging.verdict import judge
from loadtests.measuring.cells import Result, summed
from loadtests.measuring.measures import Measures, Outcome
from loadtests.measuring.recorder import Recorder, Unobserved
from tests.loadtests.journeys.story import PLAN

RATE = Rate(((0.0, 5.0), (10.0, 40.0), (20.0, 40.0), (20.0, 0.0), (30.0, 0.0)))
SOUND = Generator(4.0, 0, 0, 0.2, 0.3, None, 0.5)


def measured(lag_at: Any, *, serves_s: float = 0.005) -> Measures:
    """
    Return the run of a generator that starts who is due at *t* so much later, against a shop that is always quick.
    """
    recorder = Recorder(replace(PLAN, overload_s=None), Unobserved())
    for i, at_s in enumerate(draw_arrivals(RATE, 1)):
        started_s = at_s + lag_at(at_s)
        visit = recorder.arrived(i, at_s, started_s, "crowd", "buyer")
        recorder.shop_answered("GET home", Result.FINE, at_s, Answer(200, started_s, started_s + serves_s))
        recorder.ended(visit, Outcome.BOUGHT, started_s + serves_s)
    return recorder.take(started_at_ms=0, duration_s=60.0, scheduled=i + 1, cpu_share=0.3, interrupted=False)


def behind(at_s: float) -> float:
    """
    Return the lateness of a generator that can start 20 a second, where 40 are due from second 10 on.
    """
    return max(0.0, (at_s - 5) * 0.8)


def test_generator_on_time_passes() -> None:
    """
    A few ms late, nobody missed, and everybody when the rate says.
    """
    found = generator_of(measured(lambda _at_s: 0.003), RATE)

    assert found.ok
    assert found.arrivals_ks_ok
    assert found.start_lag_p99_ms == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [
        {"start_lag_p99_ms": 50.1},
        {"start_lag_p99_ms": None},
        {"not_started": 1},
        {"unsent": 1},
        {"cpu_peak": 0.75},
        {"arrivals_ks_p": 0.0001},
    ],
)
def test_each_condition_alone_makes_a_run_invalid(change: dict[str, Any]) -> None:
    """
    Late, incomplete, without time to spare, or at other times than the rate says: each is enough.
    """
    assert SOUND.ok
    assert not replace(SOUND, **change).ok


def test_coordinated_omission_is_seen_and_invalid() -> None:
    """
    Beyond the generator's ceiling the shop looks quick by the service time and slow by the intended moment; which of
    the two is to be believed cannot be told, so nothing is.
    """
    late = measured(behind)
    pages = summed(late.cells)

    assert (pages.service.percentile_ms(99) or 0) < 10
    assert (pages.latency.percentile_ms(99) or 0) > 10_000
    assert not generator_of(late, RATE).ok


def test_invalid_run_ends_with_the_promised_verdict() -> None:
    """
    Whatever else holds, a generator that could not keep up makes the rehearsal invalid.
    """
    late = generator_of(measured(behind), RATE)
    run = {
        "start_lag_p99_ms": late.start_lag_p99_ms,
        "not_started": 0,
        "unsent": 0,
        "generator_cpu_peak": 0.3,
        "unaccounted": 0,
        "arrivals_ks_p": 0.5,
    }
    gates = tuple(each for each in DEFAULTS if each.kind == "validity" and each.run == "with_room")

    assert judge(evaluate({"with_room": run}, gates), aborted=False) == "invalid"
    assert judge(evaluate({"with_room": run | {"start_lag_p99_ms": 20.0}}, gates), aborted=False) == "pass"


def test_late_starts_fail_the_test_of_the_arrivals() -> None:
    """
    The test looks at when shoppers started, not at when they were meant to.
    """
    assert generator_of(measured(behind), RATE).arrivals_ks_ok is False


def test_batches_once_a_second_are_late_starts() -> None:
    """
    Started as Locust starts its users, in batches once a second, half of them are more than half a second late.
    """
    assert not generator_of(measured(lambda at_s: 1.0 - at_s % 1.0), RATE).ok


def test_run_without_a_rate_is_not_held_to_one() -> None:
    """
    In a closed loop nobody comes by a clock.
    """
    found = generator_of(measured(lambda _at_s: 0.0), None)

    assert (found.arrivals_ks_ok, found.ok) == (None, True)


def test_scenario_is_held_to_its_rates() -> None:
    """
    Where a scenario says who comes when, the verdict asks whether they did.
    """
    table = applicable(with_room=True, without_room=False, ledger=True, own_shop=False, criteria=())

    assert "arrivals_ks.with_room" in {threshold.name for threshold in table}
