"""
Nobody is lost, the order of a draw is known, a break is no overtaking, and a broken generator leaves what it told.
"""

from dataclasses import asdict, replace
from typing import Any

import pytest

from loadtests.engine.plan import RunPlan
from loadtests.judging.facts import RoomFacts
from loadtests.judging.room import credible, places_of
from loadtests.judging.verdict import conservation, judge, run_result
from loadtests.measuring.fairness import order_inversions, over_admissions
from loadtests.measuring.measures import Outcomes, ShopperRecord
from loadtests.measuring.salvage import salvaged
from loadtests.measuring.walks import Walked
from tests.loadtests.judging.runs import run
from tests.loadtests.rehearsal.crowd import scenario
from waiting_room.core.draw import Draw, Order, commitment

SEED = "ab" * 32


def test_everybody_is_accounted_for() -> None:
    """
    The made-up run conserves: who came has one outcome.
    """
    told = conservation(run().measures)
    assert told == {"arrivals": 475, "outcomes_sum": 475, "not_started": 0, "unaccounted": 0, "ok": True}


@pytest.mark.parametrize(
    "changes",
    [{"outcomes": Outcomes(bought=474)}, {"shoppers": ()}, {"scheduled": 476}, {"seconds": ()}],
    ids=lambda changes: next(iter(changes)),
)
def test_whoever_is_missing_is_noticed(changes: dict[str, Any]) -> None:
    """
    From the outcomes, the records, the plan or the seconds.
    """
    assert not conservation(run(**changes).measures)["ok"]


def test_who_was_not_due_yet_is_not_missing_from_a_run_that_was_stopped() -> None:
    """
    The list goes on after the interruption.
    """
    assert conservation(run(scheduled=900, interrupted=True).measures)["ok"]


def test_a_change_that_failed_is_counted() -> None:
    """
    One limit of validity looks at it.
    """
    changes = ({"at_s": None, "until_s": None, "do": "sell-out", "ok": False},)
    assert run_result(replace(run(), changes=changes))["changes_failed"] == 1


def test_a_run_that_a_criterion_ended_has_failed() -> None:
    """
    Also where what was reached of it holds all limits.
    """
    assert judge([], aborted=False, failed=True) == "fail"
    assert judge([], aborted=True, failed=True) == "aborted"
    assert judge([], aborted=False, broken=True, failed=True) == "invalid"


def test_visits_of_pages_are_held_against_those_foretold() -> None:
    """
    The result says for each kind and page how often one opened it, and whether that is the journey's own share.
    """
    walked = Walked(
        {">home": 100, "home>product": 90}, {">home": 1.0, "home>product": 1.0}, {"home": 1.0, "product": 1.0}
    )
    ratios = run_result(run(walks={"window": walked}))["visit_ratios"]

    assert [(each["state"], each["predicted"], each["measured"], each["ok"]) for each in ratios["window"]] == [
        ("home", 1.0, 1.0, True),
        ("product", 1.0, 0.9, True),
    ]


def drawn(size: int) -> tuple[Draw, list[ShopperRecord]]:
    """
    Return a draw and those it put in order, called one a second by their ranks.
    """
    draw = Draw(SEED, commitment(SEED), "", "standard", 1, size)
    order = Order(draw)
    called = {number: 10.0 + 2 * order.rank_of(number) for number in range(1, size + 1)}
    return draw, [
        replace(
            run().measures.shoppers[0],
            number=number,
            joined_s=0.1,
            called_s=at_s,
            admitted_s=at_s,
            last_waiting_s=at_s - 0.5,
        )
        for number, at_s in called.items()
    ]


def test_a_draw_is_no_overtaking() -> None:
    """
    By their numbers most would have been overtaken, by their ranks nobody was.
    """
    draw, people = drawn(40)
    assert order_inversions(places_of(people, [draw])) == 0
    assert order_inversions(places_of(people)) > 10


@pytest.mark.parametrize(("do", "inversions"), [("break", 0), ("kill-redis", 0), ("slow-shop", 1)])
def test_who_is_told_to_wait_in_a_break_is_not_overtaken_by_it(do: str, inversions: int) -> None:
    """
    Nor while the store is away, but while the shop is slow.

    Called at 9.5 s, not asked before the break, told of it at 15 s; one behind was called at 9.5 s as well.
    """
    ahead, behind = (replace(person, number=number, called_s=called_s, last_waiting_s=waiting_s)
                     for person, number, called_s, waiting_s in zip(
                         drawn(2)[1], (1, 2), (16.0, 9.5), (15.0, 8.0), strict=True))  # fmt: skip
    assert order_inversions(places_of([ahead, behind])) == 1
    changes = ({"at_s": 10.0, "until_s": 15.0, "do": do, "ok": True},)
    assert order_inversions(places_of(credible([ahead, behind], changes))) == inversions


@pytest.mark.parametrize("again", [{"later_passes_ms": (42_000,)}, {"joined_s": 38.0}], ids=["let in", "gave up"])
def test_who_comes_back_overtook_nobody(again: dict[str, Any]) -> None:
    """
    Whether let in again or not.

    Called at 9 s by the first visit; the number that is written down is that of the second.
    """
    first, second = drawn(2)[1]
    ahead = replace(first, number=1, called_s=41.0, last_waiting_s=40.0)
    back = replace(second, number=2, called_s=9.0, last_waiting_s=None, kind="returning", **again)
    assert order_inversions(places_of([ahead, back])) == 1
    assert order_inversions(places_of(credible([ahead, back], ()))) == 0


def test_the_places_of_those_who_mean_no_good_are_no_evidence() -> None:
    """
    A bot holds several under one record: its call is not that of the number that stands beside it.
    """
    ahead, behind = (
        replace(person, number=number, called_s=called_s, last_waiting_s=waiting_s, kind=kind)
        for person, number, called_s, waiting_s, kind in zip(
            drawn(2)[1], (1, 2), (16.0, 9.5), (15.0, 8.0), ("buyer", "bot"), strict=True
        )
    )
    assert order_inversions(places_of([ahead, behind])) == 1
    assert order_inversions(places_of(credible([ahead, behind], ()))) == 0


def test_a_rate_that_was_changed_counts_from_then() -> None:
    """
    Twenty a second are too many at ten, and none too many once the rate is twenty.
    """
    passes = [i * 50 for i in range(400)]
    assert over_admissions(passes, rate_per_s=10) > 100
    assert over_admissions(passes, rate_per_s=10, later_rates=[(0, 20)]) == 0
    assert over_admissions(passes, rate_per_s=20, later_rates=[(10_000, 10)]) > 50


def test_the_changed_rate_reaches_the_result() -> None:
    """
    The room's facts bear it.
    """
    made = run()
    assert made.room is not None
    slow = replace(made.room, rate_per_s=1.0)
    assert run_result(replace(made, room=slow))["over_admissions"] > 0
    quicker = replace(slow, rates_per_s=((0.0, 10.0),))
    assert run_result(replace(made, room=quicker))["over_admissions"] == 0


def lines(count: int = 20) -> list[dict[str, Any]]:
    """
    Return what a generator tells of the made-up run's first seconds.
    """
    told = []
    for second in run().measures.seconds[:count]:
        figures = {name: value for name, value in asdict(second).items() if name != "latency"}
        outcomes = asdict(Outcomes(bought=second.t))
        told.append({**figures, "start_lag_p99_ms": 2.0, "not_started": 0, "outcomes": outcomes})
    return told


def plan() -> RunPlan:
    """
    Return the plan of the made-up run.
    """
    return RunPlan("with_room", "open", "http://127.0.0.1:1", 1, scenario().streams, duration_s=15, drain_s=45)


def test_a_broken_generator_leaves_what_it_told() -> None:
    """
    Everybody who had come is there, and those whose end is unknown are called unfinished.
    """
    found = salvaged(plan(), lines(), 1000)
    assert found is not None
    assert found.interrupted
    assert (found.outcomes.bought, found.outcomes.total) == (19, 475)
    assert found.shop_requests == sum(line["shop_requests"] for line in lines())


def test_what_is_salvaged_makes_a_result() -> None:
    """
    A report can be written of it, and its accounts are told as open: the records are lost.
    """
    found = salvaged(plan(), lines(), 1000)
    assert found is not None
    told = run_result(replace(run(), measures=found, room=RoomFacts(10, 60, None, None)))
    assert (told["complete"], told["conservation"]["ok"]) == (False, False)


def test_of_a_generator_that_told_nothing_nothing_is_left() -> None:
    """
    The run was not reached.
    """
    assert salvaged(plan(), [], 0) is None
