"""
Who a forecast reckons with: a seed's own people, and beyond a certain number their law.
"""

from dataclasses import replace

import pytest

from loadtests.crowd.shoppers import draw_shopper
from loadtests.crowd.streams import arrivals_of, kind_of
from loadtests.forecast import people
from loadtests.forecast.people import People, people_of
from loadtests.forecast.visits import visits_of
from tests.loadtests.forecast.test_result import PATIENT, STREAM
from waiting_room.core.policy import Policy

SEED = 4
MIXED = replace(STREAM, rate=STREAM.rate.scaled(0.2), journeys={"buyer": 5.0, "no-show": 3.0, "slow-phone": 2.0})


def drawn(seed: int | None = SEED) -> People:
    """
    Return the people of the mixed stream, in steps of a second.
    """
    return next(people_of((MIXED,), seed, 1.0, 60, Policy()))


def test_a_seed_s_people_are_those_of_its_run() -> None:
    """
    By kind, moment and patience.
    """
    arrivals = arrivals_of((MIXED,), SEED)
    kinds = [kind_of(MIXED, SEED, arrival.k) for arrival in arrivals]
    first = sorted(
        draw_shopper(PATIENT, f"{SEED}:crowd:{arrival.k}", arrival.k).room_patience_s
        for arrival in arrivals
        if int(arrival.at_s) == 12
    )
    assert drawn().kinds == {kind: kinds.count(kind) for kind in MIXED.journeys}
    assert drawn().patiences[12] == tuple(first) != ()
    assert sum(drawn().places) == drawn().arrivals == len(arrivals)


def test_of_a_large_crowd_the_law_tells_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    As many come in each step, and nobody is drawn.
    """
    singly = drawn()
    monkeypatch.setattr(people, "DRAWN", 10)
    assert drawn().places == singly.places
    assert drawn().patiences == ()


def test_visits_tell_who_comes_when_called_and_who_asks_late() -> None:
    """
    Three of ten never come; of the two with a slow phone one has the page in a hidden tab.
    """
    visits = visits_of(MIXED, SEED, 10.0, MIXED.journeys, hides=1.0)
    assert (visits.comes, visits.late) == pytest.approx((0.6, 0.1))
    assert sum(share for _, share in visits.seats) == pytest.approx(1.0)
    assert sum(share for _, share in visits.orders_s) == pytest.approx(1.0)


def test_a_program_buys_with_each_place_and_is_no_honest_one() -> None:
    """
    A bot's five places are all that is not honest here: five of six.
    """
    visits = visits_of(MIXED, SEED, 10.0, {"buyer": 1.0, "bot": 5.0})
    assert visits.honest == pytest.approx(1 / 6)
    assert visits.orders == pytest.approx(1.0)
