"""
Figures per phase: taken from what happened in it, and named once for the criteria of all scenarios.
"""

from dataclasses import replace

import pytest

from loadtests.judging.figures import FIGURES, figures_of, figures_over, phases_in, recovery_s
from loadtests.judging.verdict import run_result
from loadtests.measuring.cells import Result
from loadtests.measuring.measures import Outcome
from tests.loadtests.judging.runs import cells, run
from tests.loadtests.rehearsal.crowd import scenario

PEAK = [(5.0, 15.0)]


def test_every_figure_by_its_name_is_in_the_result() -> None:
    """
    A criterion that was accepted at the start has something to be held against at the end.
    """
    found = run_result(run())
    assert FIGURES.keys() <= found.keys()
    by_phase = {name for name, figure in FIGURES.items() if figure.by_phase}
    for phase in found["phases"]:
        assert by_phase <= found["by_phase"][phase["name"]].keys()


def test_without_a_room_the_figures_that_need_none_are_there() -> None:
    """
    What needs a room is missing, and says so in the catalogue.
    """
    found = run_result(run("without_room"))
    assert FIGURES.keys() - found.keys() == {name for name, figure in FIGURES.items() if figure.needs == "room"}


def test_the_run_has_the_phases_of_its_crowd() -> None:
    """
    Calm, the peak (a step has no rise), the queue's end, and what comes after.
    """
    names = [phase.name for phase in phases_in(run())]
    assert names == ["calm", "peak", "drain", "recovery"]


def test_a_request_counts_where_it_was_due() -> None:
    """
    Slow pages of the peak do not make the calm look slow, nor the other way round.
    """
    made = run(cells=cells({2: 100.0, 8: 2000.0}))
    whole, by_phase = figures_of(made)
    assert by_phase["calm"]["shop_p95_ms"] == pytest.approx(100, rel=0.01)
    assert by_phase["peak"]["shop_p95_ms"] == pytest.approx(2000, rel=0.01)
    assert whole["shop_p95_ms"] == pytest.approx(2000, rel=0.01)


def test_failed_requests_count_in_their_phase() -> None:
    """
    Ten of twenty failed in the peak, none in the calm.
    """
    made = run(cells=(*cells({2: 10.0, 8: 10.0}), *cells({9: 10.0}, Result.ERROR)))
    _, by_phase = figures_of(made)
    assert (by_phase["calm"]["error_ratio"], by_phase["peak"]["error_ratio"]) == (0.0, 0.5)


def test_orders_and_passes_per_second_are_those_of_the_phase() -> None:
    """
    The made-up room lets in ten a second while there is a queue.
    """
    found = figures_over(run(), PEAK)
    assert found["admitted_per_s"] == pytest.approx(10.0, abs=0.2)
    assert found["arrivals"] == 450


def test_who_gave_up_is_counted_among_those_who_came_in_the_phase_and_joined() -> None:
    """
    One in ten of the peak's newcomers.
    """
    made = run()
    shoppers = [
        replace(shopper, outcome=Outcome.GAVE_UP_WAITING, admitted_s=None)
        if shopper.arrival_s >= 5 and shopper.i % 10 == 0
        else shopper
        for shopper in made.measures.shoppers
    ]
    made = replace(made, measures=replace(made.measures, shoppers=tuple(shoppers)))
    assert figures_over(made, PEAK)["abandoned_ratio"] == pytest.approx(0.1, abs=0.01)


def test_the_human_share_is_of_those_let_in() -> None:
    """
    Half of the passes went to bots.
    """
    made = run()
    shoppers = tuple(replace(s, kind="bot") if s.i % 2 else s for s in made.measures.shoppers)
    made = replace(made, measures=replace(made.measures, shoppers=shoppers))
    assert figures_over(made, PEAK)["human_share"] == pytest.approx(0.5, abs=0.02)


def test_a_figure_over_nothing_is_none_and_not_a_division_by_zero() -> None:
    """
    A phase in which nobody came has no waits and no shares.
    """
    found = figures_over(run(), [(58.0, 58.5)])
    assert (found["arrivals"], found["abandoned_ratio"], found["waited_p95_s"], found["shop_p95_ms"]) == (
        0,
        None,
        None,
        None,
    )


def slow(*, until: int) -> tuple[float | None, ...]:
    """
    Return what 95 % of the pages took in each second: slow from the peak on, until a second.
    """
    return tuple(2000.0 if 5 <= t < until else 100.0 for t in range(60))


@pytest.mark.parametrize(("until", "after"), [(10, 0.0), (15, 0.0), (25, 10.0)])
def test_recovery_is_counted_from_the_end_of_the_peak(until: int, after: float) -> None:
    """
    A shop that was quick again before has recovered at once.
    """
    made = run()
    seconds = tuple(
        replace(second, shop_p95_ms=p95) for second, p95 in zip(made.measures.seconds, slow(until=until), strict=True)
    )
    made = replace(made, measures=replace(made.measures, seconds=seconds))
    assert recovery_s(made, phases_in(made)) == after


def test_recovery_begins_after_a_change_that_ended_later() -> None:
    """
    A shop that was slowed on purpose until second 30 can only recover then.
    """
    made = run()
    seconds = tuple(
        replace(second, shop_p95_ms=p95) for second, p95 in zip(made.measures.seconds, slow(until=33), strict=True)
    )
    change = {"at_s": 20.0, "until_s": 30.0, "do": "slow-shop", "ok": True}
    made = replace(made, measures=replace(made.measures, seconds=seconds), changes=(change,))
    assert recovery_s(made, phases_in(made)) == 3.0


def test_what_stays_slow_has_no_recovery() -> None:
    """
    None never passes a limit.
    """
    made = run()
    seconds = tuple(
        replace(second, shop_p95_ms=p95) for second, p95 in zip(made.measures.seconds, slow(until=60), strict=True)
    )
    made = replace(made, measures=replace(made.measures, seconds=seconds))
    assert recovery_s(made, phases_in(made)) is None


def test_a_run_without_a_scenario_has_no_phases() -> None:
    """
    Nobody knows who was to come.
    """
    assert phases_in(replace(run(), scenario=None)) == ()
    assert phases_in(replace(run(), scenario=scenario(streams=()))) == ()
