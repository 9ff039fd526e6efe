"""
A rehearsal in which people could not buy is no success, however quick and polite the shop was.
"""

from dataclasses import replace
from typing import Any

import pytest

from loadtests.journeys.catalogue import WALKS, walk_of
from loadtests.journeys.own import OwnJourneyError
from loadtests.judging.thresholds import DEFAULTS
from loadtests.judging.verdict import result_of, run_result
from loadtests.judging.visits import in_words, visits_of
from loadtests.measuring.measures import Measures, Outcome, ShopperRecord
from loadtests.measuring.walks import Walked
from tests.loadtests.rehearsal.crowd import CIRCUMSTANCES, measures, played

PLANNED = {kind: Walked(ratios={"bought": part}) for kind, part in (("buyer", 1.0), ("window", 0.0), ("few", 0.1))}


def visits(**ends: int) -> Measures:
    """
    Return a run in which so many visits of a kind ended so, as kind__outcome=count.
    """
    shoppers = [
        ShopperRecord(0, 1.0, 0.1, Outcome(named.partition("__")[2]), kind=named.partition("__")[0])
        for named, count in ends.items()
        for _ in range(count)
    ]
    return replace(measures("with_room"), shoppers=tuple(shoppers), walks=PLANNED)


def broken(share: float) -> dict[str, Any]:
    """
    Return the result of a rehearsal that was good but for a share of its visits with the room that ended in an error.
    """
    run = played("with_room")
    shoppers = run.measures.shoppers
    count = round(share * len(shoppers))
    ended = (*(replace(one, outcome=Outcome.ERROR) for one in shoppers[:count]), *shoppers[count:])
    run = replace(run, measures=replace(run.measures, shoppers=ended, problems={"basket: status 404": count}))
    return result_of({"without_room": played("without_room"), "with_room": run}, DEFAULTS, CIRCUMSTANCES)


@pytest.mark.parametrize(("share", "verdict"), [(0.008, "pass"), (0.02, "fail"), (0.9, "fail")])
def test_visits_that_end_in_errors_fail_the_rehearsal(share: float, verdict: str) -> None:
    """
    One in a hundred may; with the same orders, waits and pages, more than that is a failure.
    """
    assert broken(share)["verdict"] == verdict


def test_the_reason_names_the_commonest_mistake() -> None:
    """
    So that nobody has to look for it.
    """
    assert "basket: status 404" in broken(0.9)["reasons"][0]
    assert broken(0.0)["reasons"] == []


def test_the_journey_is_not_blamed_where_a_program_had_ended() -> None:
    """
    Whoever looks at the journey of a shop whose store has died finds nothing.
    """
    run: dict[str, Any] = {"visit_error_ratio": 0.5, "orders_total": 1, "problems": {}, "changes": []}
    assert "look at the journey first" in in_words(run)["en"]
    assert "scenariusz wizyty" in in_words(run)["pl"]
    for told in (in_words(run, ended=True), in_words(run | {"changes": [{"do": "kill-redis"}]})):
        assert "50% of the visits" in told["en"]
        assert "journey" not in told["en"]
        assert "scenariusz" not in told["pl"]


def test_errors_of_those_who_mean_no_good_do_not_count() -> None:
    """
    A forger is to fail.
    """
    assert visits_of(visits(buyer__bought=9, forger__error=50), 9)["visit_error_ratio"] == 0.0
    assert visits_of(visits(buyer__bought=9, buyer__error=1), 9)["visit_error_ratio"] == 0.1


@pytest.mark.parametrize(
    ("ends", "orders", "nothing"),
    [
        ({"buyer__gave_up_shop": 1}, 0, 1),
        ({"buyer__unfinished": 3}, 0, 1),
        ({"buyer__gave_up_shop": 1}, 1, 0),
        ({"window__browsed": 99}, 0, 0),
        ({"buyer__sold_out": 9, "window__browsed": 9}, 0, 0),
        ({"buyer__refused": 9}, 0, 0),
        ({"buyer__no_show": 9}, 0, 0),
        ({"few__browsed": 60}, 0, 0),
        ({"few__browsed": 70}, 0, 1),
        ({"bot__gave_up_shop": 9}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_nothing_sold_counts_where_somebody_came_to_buy(ends: dict[str, int], orders: int, nothing: int) -> None:
    """
    By the tables of those who came: not where all only look, nothing is left, the room is closed, or by chance.
    """
    assert visits_of(visits(**ends), orders)["sold_nothing"] == nothing


def test_a_rehearsal_without_an_order_fails() -> None:
    """
    It is judged, and not called invalid: that nobody could buy is what was found.
    """
    run = played("with_room")
    unsold = tuple(replace(one, outcome=Outcome.UNFINISHED, kind="buyer") for one in run.measures.shoppers)
    quiet = tuple(replace(second, orders_seen=0) for second in run.measures.seconds)
    told = replace(run, books=None, measures=replace(run.measures, shoppers=unsold, seconds=quiet, walks=PLANNED))
    result = result_of({"with_room": told}, tuple(t for t in DEFAULTS if t.name == "sales"), CIRCUMSTANCES)

    assert (run_result(told)["orders_total"], result["verdict"]) == (0, "fail")


def test_a_kind_without_a_walk_is_refused_before_the_run() -> None:
    """
    The generator asks for every kind's walk first; else each of its visits would end in an error.
    """
    assert "guest" not in WALKS
    with pytest.raises(OwnJourneyError, match="guest"):
        walk_of("guest")
