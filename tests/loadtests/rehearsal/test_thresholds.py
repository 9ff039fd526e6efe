"""
The table of limits: what passes, what fails, and that nothing unmeasured passes.
"""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.judging.thresholds import (
    DEFAULTS,
    PROMISES,
    WITH,
    WITHOUT,
    Threshold,
    applicable,
    evaluate,
    symptoms,
)

GOOD: dict[str, dict[str, Any]] = {
    WITHOUT: {
        "goodput_ratio": 0.2,
        "shop_p95_ms": 9000,
        "error_ratio": 0.4,
        "demand_ratio": 4.6,
        "symptoms": 3,
        "start_lag_p99_ms": 3,
        "not_started": 0,
        "unsent": 0,
        "generator_cpu_peak": 0.4,
        "arrivals_ks_p": 0.5,
        "unaccounted": 0,
    },
    WITH: {
        "goodput_ratio": 0.96,
        "shop_p95_ms": 240,
        "error_ratio": 0.0,
        "oversold": 0,
        "over_admissions": 0,
        "order_inversions": 0,
        "places_lost": 0,
        "visit_error_ratio": 0.01,
        "sold_nothing": 0,
        "start_lag_p99_ms": 3,
        "not_started": 0,
        "unsent": 0,
        "generator_cpu_peak": 0.4,
        "arrivals_ks_p": 0.5,
        "unaccounted": 0,
    },
}


def failing(runs: dict[str, dict[str, Any]]) -> set[str]:
    """
    Name the thresholds that do not hold.
    """
    return {check.threshold.name for check in evaluate(runs) if not check.ok}


def test_a_good_rehearsal_breaks_no_limit() -> None:
    """
    Values on the right side of every limit pass.
    """
    assert failing(GOOD) == set()


@pytest.mark.parametrize("threshold", DEFAULTS, ids=lambda t: t.name)
def test_each_limit_is_held_for_itself(threshold: Any) -> None:
    """
    One value on the wrong side breaks its own limit and no other.
    """
    wrong = threshold.limit - 0.01 if threshold.comparator in {">=", ">"} else threshold.limit + 1
    runs = {run: dict(values) for run, values in GOOD.items()}
    runs[threshold.run][threshold.field] = wrong
    assert failing(runs) == {threshold.name}


@pytest.mark.parametrize("threshold", DEFAULTS, ids=lambda t: t.name)
def test_what_was_not_measured_does_not_pass(threshold: Any) -> None:
    """
    A missing value, a null and a missing run are no successes.
    """
    absent: list[dict[str, Any]] = [
        {threshold.run: {threshold.field: None}},
        {threshold.run: {}},
        {threshold.run: None},
        {},
    ]
    for runs in absent:
        check = threshold.check(runs)
        assert (check.ok, check.value) == (False, None)


def test_names_are_unique() -> None:
    """
    The verdict refers to thresholds by name.
    """
    assert len({t.name for t in DEFAULTS}) == len(DEFAULTS)


def test_a_check_has_the_promised_keys() -> None:
    """
    The result file holds name, limit, value and ok for each.
    """
    (check, *_) = evaluate(GOOD)
    assert {"name", "limit", "value", "ok"} <= check.to_json().keys()


@pytest.mark.parametrize(
    ("run", "count"),
    [
        ({"goodput_ratio": 0.9, "shop_p95_ms": 100, "error_ratio": 0.0}, 0),
        ({"goodput_ratio": 0.49, "shop_p95_ms": 100, "error_ratio": 0.0}, 1),
        ({"goodput_ratio": 0.9, "shop_p95_ms": 5001, "error_ratio": 0.0}, 1),
        ({"goodput_ratio": 0.1, "shop_p95_ms": 9000, "error_ratio": 0.3}, 3),
        ({"goodput_ratio": None}, 0),
    ],
)
def test_symptoms_are_counted(run: dict[str, Any], count: int) -> None:
    """
    Any one of the three signs makes an overload.
    """
    assert symptoms(run) == count


def test_a_users_own_shop_is_not_blamed_for_standing_the_spike() -> None:
    """
    Against a running shop neither its collapse is demanded nor its unseen stock judged.
    """
    names = {t.name for t in applicable(with_room=True, without_room=True, ledger=False, own_shop=True)}
    assert not names & {"collapse", "overload", "oversold"}
    assert "goodput" in names


@pytest.mark.parametrize("criteria", [(), None])
def test_visits_must_go_through_in_every_rehearsal(criteria: Any) -> None:
    """
    Whatever the scenario demands, and in a shop of the user's without a room too; the demo shop is to break there.
    """
    table = {
        own: {
            (t.run, t.field)
            for t in applicable(with_room=True, without_room=True, ledger=False, own_shop=own, criteria=criteria)
        }
        for own in (False, True)
    }
    visits = {"visit_error_ratio", "sold_nothing"}

    assert {field for run, field in table[False] if run == WITH} >= visits
    assert not {field for run, field in table[False] if run == WITHOUT} & visits
    assert {(run, field) for run in (WITH, WITHOUT) for field in visits} <= table[True]


def test_a_run_that_is_not_played_is_not_judged() -> None:
    """
    Without a room in front of the target nothing of the second run is demanded.
    """
    assert {t.run for t in applicable(with_room=False, without_room=True, ledger=True, own_shop=False)} == {WITHOUT}


def scenario_table(*criteria: Threshold) -> tuple[Threshold, ...]:
    """
    Return what a scenario with these criteria is held to behind a room.
    """
    return applicable(with_room=True, without_room=False, ledger=True, own_shop=False, criteria=criteria)


def test_a_promise_that_a_criterion_demands_as_well_is_judged_once() -> None:
    """
    Under the criterion's name, which says why this scenario asks for it.
    """
    own = Threshold("nobody loses a place", WITH, "places_lost", "==", 0, "though Redis dies")

    assert [t.name for t in scenario_table(own) if t.field == "places_lost"] == ["nobody loses a place"]


@pytest.mark.parametrize("change", [{"limit": 3, "comparator": "<="}, {"phase": "peak"}, {"field": "position_rises"}])
def test_no_criterion_takes_a_promise_away(change: dict[str, Any]) -> None:
    """
    A laxer limit, or one for a part of the run, stands beside the promise.
    """
    own = replace(Threshold("own", WITH, "places_lost", "==", 0, "why"), **change)

    assert set(PROMISES) <= set(scenario_table(own))
