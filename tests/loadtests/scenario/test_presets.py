"""
The scenarios that come with the package fit the demo shop, this machine's patience, and one generator process.
"""

from collections.abc import Iterator, Mapping

import pytest

from loadtests.arrivals.check import LEVEL, check_arrivals
from loadtests.arrivals.rate import expected_count
from loadtests.cli.run import scenario_faults
from loadtests.crowd.kinds import KINDS
from loadtests.crowd.streams import arrivals_of, rate_of
from loadtests.scenario.read import presets, read
from loadtests.scenario.spec import Scenario
from waiting_room.core.policy import Policy

MOST_S = 78
"""With the nine seconds that measure the shop, and what starting and stopping take, a run lasts at most 90 s."""
MOST_PER_S = 150
MOST_PEOPLE = 2000
"""A tenth of what one generator process was measured to start, so that its neighbours on two cores can do theirs."""
DEMO_ORDERS_PER_S = 18.0

PLAYED: Mapping[str, Scenario] = {name: read(name).faster() for name in presets()}
EACH = pytest.mark.parametrize("preset", PLAYED.values(), ids=PLAYED)


def test_there_are_the_fourteen() -> None:
    """
    By the names that the guide uses.
    """
    assert set(presets()) == {
        *("baseline", "push-blast", "midnight-drop", "tv-spot", "black-friday", "hot-sku", "bots"),
        *("refresh-storm", "abandon", "capacity-cut", "late-surge", "bypass", "break", "invited-drop"),
    }


@EACH
def test_a_preset_speaks_both_languages_and_names_its_sources(preset: Scenario) -> None:
    """
    The report tells in Polish and English what is rehearsed, and where the numbers come from.
    """
    assert PLAYED[preset.name] is preset
    assert preset.says.keys() == {"en", "pl"}
    assert preset.sources
    assert preset.criteria
    assert all(criterion.why and criterion.why_pl for criterion in preset.criteria)


@EACH
def test_a_preset_is_over_in_time(preset: Scenario) -> None:
    """
    At its own speed.
    """
    assert preset.length_s + preset.drain_s <= MOST_S


@EACH
def test_one_generator_can_start_its_crowd(preset: Scenario) -> None:
    """
    In number, in pace, and drawn as the rate says.
    """
    rate = rate_of(preset.streams)
    crowd = [arrival.at_s for arrival in arrivals_of(preset.streams, 1)]

    assert expected_count(rate) <= MOST_PEOPLE
    assert rate.peak_per_s <= MOST_PER_S
    assert check_arrivals(crowd, rate).p_value >= LEVEL


@EACH
def test_its_criteria_can_be_measured(preset: Scenario) -> None:
    """
    Figures that are measured, over phases that the run will have.
    """
    assert list(scenario_faults(preset, None, preset.name)) == []


@EACH
def test_a_seat_outlasts_the_longest_thought(preset: Scenario) -> None:
    """
    Nobody who only reads loses the seat: six mean think times are less than the idle time.
    """
    policy = Policy.parse(preset.room)
    slowest = max(6 * max(s.behaviour.browse_think_s, s.behaviour.form_think_s) for s in preset.streams)

    assert policy.idle_timeout_s > slowest


@EACH
def test_the_room_lets_in_what_the_shop_can_bear(preset: Scenario) -> None:
    """
    But for the one that lets everybody in, to see the shop break.
    """
    assert (Policy.parse(preset.room).rate_per_s <= DEMO_ORDERS_PER_S) == (preset.name != "break")


def test_every_kind_of_shopper_is_in_a_preset() -> None:
    """
    What a kind does is seen in a rehearsal.
    """
    played = set(_kinds())

    assert set(KINDS) == played


def _kinds() -> Iterator[str]:
    for preset in PLAYED.values():
        for stream in preset.streams:
            yield from stream.journeys
