"""
The forecast of a scenario: what it takes from the scenario, and how wide its band is.
"""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.arrivals.rate import Rate
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream, arrivals_of
from loadtests.forecast.problem import problem_of
from loadtests.forecast.result import Forecast, forecast, forecast_of
from loadtests.scenario.read import read
from loadtests.scenario.spec import Change, Scenario, Unsure

RATE = Rate(((0.0, 4.0), (10.0, 40.0), (30.0, 40.0), (35.0, 4.0), (60.0, 4.0)))
PATIENT = Behaviour(browse_think_s=0.5, form_think_s=1.0, room_patience_s=60.0)
STREAM = Stream("crowd", RATE, behaviour=PATIENT)
ROOM = {"capacity": 400, "rate_per_minute": 900, "idle_timeout_s": 10}
SCENARIO = Scenario("spike", {"en": "A spike.", "pl": "Szczyt."}, (STREAM,), ROOM)


def followed(scenario: Scenario) -> Forecast:
    """
    Return the forecast for the mean of all crowds, to the end of the line.
    """
    return forecast_of(scenario, run=False)


def coarse(scenario: Scenario) -> Forecast:
    """
    Return the same in large steps.
    """
    return forecast(problem_of(scenario, steps=150), {}, None, by_chance=True)


def with_kinds(**kinds: float) -> Scenario:
    """
    Return the scenario with these kinds.
    """
    journeys = {kind.replace("_", "-"): part for kind, part in kinds.items()}
    return replace(SCENARIO, streams=(replace(STREAM, journeys=journeys),))


def test_a_seed_s_own_crowd_is_forecast() -> None:
    """
    The arrivals are those of a run of that seed, not the mean.
    """
    come = sum(arrival.at_s < RATE.length_s for arrival in arrivals_of((STREAM,), 7))
    assert forecast_of(SCENARIO, 7).arrivals == come != pytest.approx(followed(SCENARIO).arrivals, abs=0.5)


def test_a_run_is_forecast_up_to_its_end() -> None:
    """
    Who is not served within the drain still waits.
    """
    short = forecast_of(replace(SCENARIO, drain_s=0.0, room={**ROOM, "rate_per_minute": 300}))
    assert short.t[-1] <= SCENARIO.length_s
    assert short.still_waiting > 10
    assert short.cleared_s is None


def test_no_shows_shorten_the_wait_of_the_others() -> None:
    """
    Half who never come when called are half a queue.
    """
    alone, halved = followed(with_kinds(buyer=1)), followed(with_kinds(buyer=1, no_show=1))
    assert halved.wait_max_s < 0.4 * alone.wait_max_s
    assert halved.orders < alone.orders


def test_hidden_tabs_come_late_and_shorten_the_wait_of_the_others() -> None:
    """
    Half hear of their turn up to a minute after it, when the others have gone in.
    """
    hidden = replace(STREAM, journeys={"slow-phone": 1.0}, behaviour=replace(PATIENT, hidden_share=0.5))
    seen = replace(hidden, behaviour=replace(PATIENT, hidden_share=0.0))
    late, prompt = (coarse(replace(SCENARIO, streams=(stream,))) for stream in (hidden, seen))
    assert late.wait_max_s < 0.5 * prompt.wait_max_s
    assert late.waited_p95_s is not None
    assert late.waited_p95_s > 59


def test_enough_lose_patience_in_the_scenario_that_is_to_test_it() -> None:
    """
    So many that chance alone moves their number by less than the 5 % that it is to be forecast to.
    """
    scenario = read(Path(__file__).parents[3] / "examples" / "impatient.toml")
    left = coarse(scenario).abandoned
    assert left > 1500
    assert 2 * math.sqrt(left) < 0.05 * left * 1.05


def test_nobody_says_that_bots_lose_patience() -> None:
    """
    They hold five places each, and what becomes of these is no person's loss; each place that is called buys.
    """
    bots = coarse(with_kinds(bot=1))
    assert bots.abandoned == 0.0
    assert bots.orders == pytest.approx(bots.admitted, rel=0.02)
    assert bots.admitted > bots.arrivals / 2


def test_those_who_never_join_are_not_in_line() -> None:
    """
    Forgers come, but take no place.
    """
    assert followed(with_kinds(forger=1)).waiting_max == 0.0


def test_few_seats_lengthen_the_wait() -> None:
    """
    The room lets in what its seats allow where that is less than its rate.
    """
    tight = followed(replace(SCENARIO, room={**ROOM, "capacity": 30}))
    assert tight.admits_per_s < 15.0
    assert tight.wait_max_s > 1.5 * followed(SCENARIO).wait_max_s


def test_a_break_lengthens_the_wait_by_its_length() -> None:
    """
    Nobody is let in meanwhile, and the fewer who stay make up for a part of it.
    """
    impatient = followed(SCENARIO)
    broken = followed(replace(SCENARIO, changes=(Change(25.0, "break", for_s=20.0),)))
    assert 5.0 < broken.wait_max_s - impatient.wait_max_s <= 20.5


def test_nobody_waits_beyond_the_last_piece() -> None:
    """
    Once all is sold the line is sent away.
    """
    sold = followed(replace(SCENARIO, changes=(Change(20.0, "sell-out"),)))
    assert sold.t[-1] <= 20.0
    assert sold.orders < followed(SCENARIO).orders


def test_the_band_is_five_percent_and_three_deviations_of_the_arrivals() -> None:
    """
    Where the scenario is sure of its numbers.
    """
    patient = replace(SCENARIO, streams=(replace(STREAM, behaviour=replace(PATIENT, room_patience_s=1e9)),))
    found = followed(patient)
    come = sum(1 for arrival in arrivals_of(patient.streams, 1) if arrival.at_s < found.wait_max_at_s)
    low, high = found.wait_max_band
    assert (high - low) / 2 == pytest.approx(0.05 * found.wait_max_s + 3 * math.sqrt(come) / 15.0, rel=0.02)


@pytest.mark.parametrize("what", ["arrivals", "patience", "rate"])
def test_what_a_scenario_is_unsure_of_widens_the_band(what: Unsure) -> None:
    """
    A number that may be off by a fifth moves the wait to either side.
    """
    sure, unsure = followed(SCENARIO), followed(replace(SCENARIO, unsure={what: 0.2}))
    assert unsure.wait_max_s == sure.wait_max_s
    assert unsure.wait_max_band[0] < sure.wait_max_band[0] - 0.1
    assert unsure.wait_max_band[1] > sure.wait_max_band[1] + 0.1


def test_the_line_lies_within_its_own_band() -> None:
    """
    The three curves have the same moments.
    """
    found = forecast_of(SCENARIO, 3)
    assert len(found.t) == len(found.waiting) == len(found.low) == len(found.high)
    assert all(low <= at <= high for low, at, high in zip(found.low, found.waiting, found.high, strict=True))


def test_a_crowd_that_fits_waits_for_nothing() -> None:
    """
    No line, nobody leaves, all are let in.
    """
    found = followed(replace(SCENARIO, room={**ROOM, "rate_per_minute": 6000}))
    assert found.wait_max_s < 0.1
    assert found.abandoned == pytest.approx(0.0, abs=0.5)
    assert found.admitted == pytest.approx(found.arrivals, rel=1e-6)


def test_patience_that_ends_shortens_the_wait() -> None:
    """
    The forecast without leaving is what a room would do that calls those who have gone.
    """
    found = followed(SCENARIO)
    assert found.wait_max_staying_s > 1.2 * found.wait_max_s


def test_the_polls_stay_within_the_budget() -> None:
    """
    However many wait, the room asks for no more.
    """
    crowded = replace(SCENARIO, room={**ROOM, "poll_budget_per_s": 100, "poll_min_s": 1.0, "poll_max_s": 5.0})
    assert 10 < followed(crowded).polls_per_s_max <= 100


def test_the_forecast_is_written_as_the_result_file_promises() -> None:
    """
    Names and kinds of `runs.with_room.forecast`.
    """
    written = json.loads(json.dumps(forecast_of(SCENARIO, 1).to_json()))
    for name in ("t", "waiting", "low", "high", "wait_max_band", "abandoned_band"):
        assert all(isinstance(value, float) for value in written[name])
    assert isinstance(written["wait_max_s"], float)
    assert isinstance(written["abandoned"], float)
