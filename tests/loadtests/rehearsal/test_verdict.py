"""
From measures to a verdict: the promised figures, and when a rehearsal passes, fails, or proves nothing.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.judging.doubts import doubts
from loadtests.judging.facts import Books, Played, RoomFacts
from loadtests.judging.selling import capacity_of, steady_rate
from loadtests.judging.thresholds import DEFAULTS, Check, applicable, evaluate
from loadtests.judging.verdict import EXIT_CODES, result_of, run_result
from tests.loadtests.rehearsal.crowd import CIRCUMSTANCES, RATE, ZERO_MS, measures, played

PROMISED = {
    "arrivals", "orders", "orders_per_s", "shop_capacity_per_s", "goodput_ratio", "shop_p95_ms", "error_ratio",
    "oversold", "start_lag_p99_ms", "not_started",
}  # fmt: skip
PROMISED_WITH_ROOM = {
    "waited_p50_s", "waited_p95_s", "seats_max", "capacity", "over_admissions", "order_inversions", "places_lost",
    "eta_coverage",
}  # fmt: skip


def result(aborted: bool = False, broken: bool = False, **runs: Played) -> dict[str, Any]:
    """
    Return the result of these runs, and of good ones for those not given.
    """
    both = {name: played(name) for name in ("without_room", "with_room")} | runs
    return result_of(both, DEFAULTS, CIRCUMSTANCES, aborted=aborted, broken=broken)


def with_measures(name: str, **changes: Any) -> Played:
    """
    Return a run with some of its measures changed.
    """
    run = played(name)
    return replace(run, measures=replace(run.measures, **changes))


def test_a_good_rehearsal_passes() -> None:
    """
    Every limit holds, and the exit code is 0.
    """
    found = result()
    assert (found["verdict"], found["exit_code"]) == ("pass", 0)


def test_the_promised_names_are_there() -> None:
    """
    Checks outside of the project read these names.
    """
    runs = result()["runs"]
    assert runs["without_room"].keys() >= PROMISED
    assert runs["with_room"].keys() >= PROMISED | PROMISED_WITH_ROOM


def test_a_broken_limit_fails() -> None:
    """
    A slow shop behind the room is a failure.
    """
    found = result(with_room=with_measures("with_room", shop_p95_ms=1500.0))
    assert (found["verdict"], found["exit_code"]) == ("fail", 1)


def test_a_late_generator_makes_it_invalid_even_where_limits_broke() -> None:
    """
    What was measured by a late generator is no evidence for anything, and the result says why.
    """
    found = result(with_room=with_measures("with_room", shop_p95_ms=1500.0, start_lag_p99_ms=51.0))
    assert (found["verdict"], found["exit_code"]) == ("invalid", 6)
    assert found["reasons"][0].startswith("With the room, 1 in 100 shoppers started 51 ms late or more")
    assert "generator could not keep up" in found["reasons"][-1]


def test_a_generator_without_files_makes_it_invalid_and_says_what_to_raise() -> None:
    """
    What it could not send is counted against the shop, which never saw it.
    """
    found = result(with_room=with_measures("with_room", unsent=7))

    assert (found["verdict"], found["exit_code"]) == ("invalid", 6)
    assert found["reasons"][0].startswith("With the room, 7 requests could not be sent")
    assert "ulimit -n" in found["reasons"][-1]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("arrivals_ks_p", 0.0001, "did not start as their rate says"),
        ("unaccounted", 3.0, "3 shoppers are not accounted for"),
        ("changes_failed", 1.0, "1 of the time line's changes failed"),
    ],
)
def test_a_generator_that_kept_up_is_not_blamed(field: str, value: float, words: str) -> None:
    """
    Whoever reads it would look for a faster machine, while a change on the time line had failed.
    """
    table = applicable(with_room=True, without_room=False, ledger=True, own_shop=False, criteria=())
    sound = {"start_lag_p99_ms": 1.0, "not_started": 0, "unsent": 0, "generator_cpu_peak": 0.1, "unaccounted": 0}
    run = {**sound, "arrivals_ks_p": 0.5, "changes_failed": 0, field: value}

    (told,) = doubts(evaluate({"with_room": run}, table))

    assert words in told["en"]
    assert told["en"].startswith("With the room, ")
    assert told["pl"].startswith("Z poczekalnią: ")


def test_each_check_of_honesty_has_its_sentence() -> None:
    """
    A new one without words would end the rehearsal that it refuses.
    """
    table = applicable(with_room=True, without_room=True, ledger=True, own_shop=False, criteria=())
    honesty = [Check(threshold, 1000.0, ok=False) for threshold in table if threshold.kind == "validity"]

    assert len(list(doubts(honesty))) == len(honesty) + 2


def test_a_rehearsal_without_overload_does_not_pass() -> None:
    """
    If nothing hurts without the room, the room has rescued nobody.
    """
    calm = with_measures("without_room", shop_p95_ms=200.0, error_ratio=0.0)
    sold = Books(tuple(ZERO_MS + 8_000 + i * 100 for i in range(370)), 0)
    assert result(without_room=replace(calm, books=sold))["verdict"] == "fail"


def test_an_aborted_rehearsal_says_so() -> None:
    """
    Good figures until the interruption are no pass.
    """
    found = result(aborted=True)
    assert (found["verdict"], found["exit_code"]) == ("aborted", 130)


def test_a_rehearsal_whose_program_failed_is_invalid() -> None:
    """
    The crash of a shop or generator is neither pass nor failure of the room.
    """
    assert result(broken=True)["verdict"] == "invalid"


def test_missing_runs_are_null_and_nothing_passes() -> None:
    """
    A rehearsal stopped before its first run has a result all the same.
    """
    found = result_of({}, DEFAULTS, CIRCUMSTANCES, aborted=True)
    assert found["runs"] == {"without_room": None, "with_room": None}
    assert not any(check["ok"] for check in found["thresholds"])


def test_orders_come_from_the_books_over_the_overload() -> None:
    """
    Orders before and after the overload do not count, and what shoppers saw is not asked.
    """
    books = Books((ZERO_MS + 7_999, ZERO_MS + 8_000, ZERO_MS + 44_999, ZERO_MS + 45_000), 0)
    found = run_result(replace(played("with_room"), books=books))
    assert (found["orders"], found["orders_total"]) == (2, 4)
    assert found["orders_per_s"] == pytest.approx(2 / 37, abs=1e-4)


def test_without_books_the_confirmations_count() -> None:
    """
    Against a shop of the user's, orders are those that shoppers saw; overselling stays unknown.
    """
    run = played("with_room")
    found = run_result(replace(run, books=None))
    seen = sum(second.orders_seen for second in run.measures.seconds if 8 <= second.t < 45)
    assert (found["orders"], found["oversold"]) == (seen, None)


def test_goodput_is_orders_over_capacity() -> None:
    """
    The ratio is that of the two rates that stand beside it.
    """
    found = run_result(played("with_room"))
    assert found["goodput_ratio"] == pytest.approx(found["orders_per_s"] / found["shop_capacity_per_s"], abs=1e-3)


def test_passes_beyond_the_rate_and_seats_beyond_the_capacity_are_over_admissions() -> None:
    """
    Both the pace, from the passes themselves, and the seats, from the store, are looked at.
    """
    run = played("with_room")
    assert run_result(run)["over_admissions"] == 0
    tight = RoomFacts(RATE / 2, 60, 41, 500)
    assert run_result(replace(run, room=tight))["over_admissions"] > 100
    crowded = RoomFacts(RATE, 40, 41, 500)
    assert run_result(replace(run, room=crowded))["over_admissions"] == 1


def test_a_room_that_could_not_be_asked_does_not_pass() -> None:
    """
    Without the store's count of seats nothing is claimed about over-admissions.
    """
    found = result(with_room=replace(played("with_room"), room=RoomFacts(RATE, 60, None, None)))
    assert found["runs"]["with_room"]["over_admissions"] is None
    assert found["verdict"] == "fail"


def test_a_shopper_who_is_overtaken_or_loses_the_place_is_counted() -> None:
    """
    Planted among honest records, both are found.
    """
    run = played("with_room")
    shoppers = list(run.measures.shoppers)
    shoppers[100] = replace(shoppers[100], last_waiting_s=50.0, called_s=51.0, admitted_s=51.0)
    shoppers[200] = replace(shoppers[200], number_changed=True)
    found = run_result(replace(run, measures=replace(run.measures, shoppers=tuple(shoppers))))
    assert (found["order_inversions"], found["places_lost"]) == (1, 1)


def test_outcomes_add_up_to_the_arrivals() -> None:
    """
    Nobody who came is missing from the figures.
    """
    for run in result()["runs"].values():
        assert sum(run["outcomes"].values()) == run["arrivals"]


def test_demand_is_told_in_multiples_of_the_capacity() -> None:
    """
    45 a second come at the peak, 10 a second can be served.
    """
    assert run_result(played("with_room"))["demand_ratio"] == pytest.approx(4.5, abs=0.05)


def test_the_capacity_comes_from_the_books_and_from_those_who_ended_as_meant() -> None:
    """
    One order a second in the books is one order a second, whatever the shoppers saw.
    """
    found = measures("with_room")
    books = Books(tuple(ZERO_MS + i * 1000 for i in range(100)), 0)
    capacity = capacity_of(found, books)
    assert capacity.orders_per_s == pytest.approx(1.0, rel=0.01)
    assert capacity.journeys_per_s == pytest.approx(10.0, rel=0.01)
    assert capacity_of(found, None).orders_per_s == pytest.approx(9.0, rel=0.01)


@given(rate=st.floats(2, 50), phase=st.floats(0, 1), length=st.floats(6, 30))
def test_a_steady_rate_is_found_in_spite_of_waves(rate: float, phase: float, length: float) -> None:
    """
    Events in clumps, one clump a second, are counted right wherever the span begins.
    """
    clump = [start + phase for start in range(-1, 40) for _ in range(round(rate))]
    assert steady_rate(clump, 2.0, 2.0 + length) == pytest.approx(round(rate), rel=0.06)


def test_nothing_done_is_no_rate() -> None:
    """
    An empty span and an empty list are 0, not a division by zero.
    """
    assert steady_rate([], 2.0, 8.0) == 0
    assert steady_rate([1.0], 2.0, 2.0) == 0


def test_every_verdict_has_an_exit_code_of_its_own() -> None:
    """
    A pipeline can tell a failed shop from a failed test.
    """
    assert len(set(EXIT_CODES.values())) == 4
