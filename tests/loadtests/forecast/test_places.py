"""
Who is given places in line, and when: as many as their kind asks for, and no more than the room's settings leave.
"""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from loadtests.arrivals.rate import Rate
from loadtests.crowd.addresses import household_of
from loadtests.crowd.streams import Arrival, Stream, arrivals_of
from loadtests.forecast.people import people_of
from loadtests.forecast.places import APART_S, Places, given, wanted
from loadtests.rehearsal.simulated import simulated
from loadtests.scenario.spec import Scenario
from tests.loadtests.forecast.test_result import PATIENT
from waiting_room.core.policy import Policy

SEED = 3
RATE = Rate(((0.0, 3.0), (20.0, 3.0)))
PEOPLE = Stream("people", RATE, behaviour=PATIENT, addresses=6)
BOTS = Stream("bots", RATE, {"bot": 1.0}, PATIENT, addresses=4)
BOUNDED = Policy(joins_per_address=6)


def places(stream: Stream, policy: Policy, until_s: float = 60.0) -> list[tuple[Arrival, Places]]:
    """
    Return everybody of a stream with the places that they are given.
    """
    arrivals = arrivals_of((stream,), SEED)
    return list(zip(arrivals, given((stream,), arrivals, SEED, policy, until_s), strict=True))


def test_without_a_bound_each_gets_what_it_asks_for() -> None:
    """
    A bot's five, one after the other.
    """
    for arrival, times in places(BOTS, Policy()):
        assert times == tuple(arrival.at_s + APART_S * nth for nth in range(5))


@settings(max_examples=25)
@drawn(per_minute=st.integers(1, 40), from_s=st.floats(0, 30), for_s=st.floats(1, 30))
def test_no_address_is_given_more_than_a_minutes_places_and_those_of_the_time(
    per_minute: int, from_s: float, for_s: float
) -> None:
    """
    Over any span, however many ask.
    """
    by_address: defaultdict[int, list[float]] = defaultdict(list)
    for arrival, times in places(BOTS, Policy(joins_per_address=per_minute)):
        by_address[household_of(BOTS, SEED, arrival.k)] += times
    for joined in by_address.values():
        assert sum(from_s <= at_s <= from_s + for_s for at_s in joined) <= per_minute * (1 + for_s / 60) + 1e-6


def test_people_are_put_off_and_not_sent_away() -> None:
    """
    Who is patient gets the one place in the end.
    """
    told = places(PEOPLE, BOUNDED, until_s=600.0)
    late = [times[0] - arrival.at_s for arrival, times in told if times]

    assert all(len(times) <= 1 for _, times in told)
    assert sum(wait_s > 1 for wait_s in late) > 5
    assert len(late) > 0.6 * len(told)


def test_nobody_asks_beyond_their_patience_or_the_end() -> None:
    """
    Of those who are put off until then there is no place.
    """
    hasty = replace(PEOPLE, behaviour=replace(PATIENT, room_patience_s=2.0, room_patience_shape=9.0))

    assert max(times[0] - arrival.at_s for arrival, times in places(hasty, BOUNDED, 600.0) if times) < 4.0
    assert max(times[0] for _, times in places(PEOPLE, BOUNDED, until_s=25.0) if times) < 25.0


@pytest.mark.parametrize(("invited", "people", "bots"), [(True, 1, 1), (False, 0, 0)])
def test_an_invitation_is_one_place(invited: bool, people: int, bots: int) -> None:
    """
    And without one there is none, in a room for the invited.
    """
    closed = Policy(invite_only=True)

    assert wanted("buyer", replace(PEOPLE, invited=invited), closed) == people
    assert wanted("bot", replace(BOTS, invited=invited), closed) == bots
    assert wanted("bot", BOTS, Policy()) > 1


def test_a_bounded_room_is_forecast_with_some_crowd_where_none_is_asked_for() -> None:
    """
    No law tells who shares an address: that of the seed 0 stands for all.
    """
    [some] = people_of((BOTS,), None, 1.0, 20, BOUNDED, 60.0)
    [first] = people_of((BOTS,), 0, 1.0, 20, BOUNDED, 60.0)

    assert some == first
    assert some.taken["bot"] == sum(some.places) < some.arrivals


def test_who_was_put_off_waited_meanwhile() -> None:
    """
    In the simulator as in a run.
    """
    room = {"capacity": 400, "rate_per_minute": 900, "joins_per_address": 6}
    scenario = Scenario("x", {}, (PEOPLE,), room, drain_s=40)
    put_off = [(guest.put_off_s, wait_s) for guest, wait_s in simulated(scenario, SEED).waits() if guest.put_off_s > 1]

    assert len(put_off) > 5
    assert all(wait_s > put_off_s - 0.01 for put_off_s, wait_s in put_off)


def test_the_simulator_gives_places_to_the_invited_alone() -> None:
    """
    In a room that is for them; of a bot with an invitation one.
    """
    streams = (PEOPLE, replace(PEOPLE, name="sent", invited=True), replace(BOTS, invited=True))
    scenario = Scenario("x", {}, streams, {"capacity": 400, "rate_per_minute": 900, "invite_only": True})
    told = simulated(scenario, SEED)

    assert len(told.guests) == len(arrivals_of(streams[1:], SEED)) < told.shoppers
