"""
A scenario played faster or with more people is the same story.
"""

from dataclasses import replace
from statistics import fmean, pstdev

import pytest

from loadtests.arrivals.plain import Constant
from loadtests.arrivals.rate import expected_count
from loadtests.arrivals.spike import SpikeProfile
from loadtests.crowd.shoppers import Behaviour
from loadtests.crowd.streams import Stream, arrivals_of, rate_of
from loadtests.scenario.spec import Change, Scenario

STORY = Scenario(
    name="story",
    says={"en": "A story."},
    streams=(
        Stream("many", SpikeProfile(2, 60, 60, 20, 60, 60, 60).rate(), behaviour=Behaviour(room_patience_s=100)),
        Stream("few", Constant(1, 300).rate()),
    ),
    changes=(Change(at_s=100, do="break", for_s=20),),
    speed=10,
    pre_queue_s=50,
    drain_s=30,
)


def test_a_faster_story_has_the_same_rates_and_fewer_people() -> None:
    """
    Times of the story shrink, and patience and a hidden tab's minute with them; what shop and people need does not.
    """
    fast = STORY.faster()
    rate = rate_of(fast.streams)

    assert (rate.length_s, rate.peak_per_s) == (30, rate_of(STORY.streams).peak_per_s)
    assert expected_count(rate) == pytest.approx(expected_count(rate_of(STORY.streams)) / 10)
    assert (fast.changes[0].at_s, fast.changes[0].for_s, fast.pre_queue_s, fast.drain_s) == (10, 2, 5, 30)
    assert fast.streams[0].behaviour == replace(STORY.streams[0].behaviour, room_patience_s=10, hidden_poll_s=6)


def test_its_own_speed_is_applied_once() -> None:
    """
    What was compressed is to be played as it stands.
    """
    assert STORY.faster().faster() == STORY.faster()
    assert STORY.faster(1).length_s == STORY.length_s


def test_more_people_come_at_the_same_moments() -> None:
    """
    In every stream, to the same room.
    """
    crowded = STORY.scaled(3)

    assert crowded.length_s == STORY.length_s
    assert expected_count(rate_of(crowded.streams)) == pytest.approx(3 * expected_count(rate_of(STORY.streams)))


def test_a_stream_is_the_same_whoever_else_comes() -> None:
    """
    Two runs of one seed meet the same people, with and without the others.
    """
    alone = [arrival.at_s for arrival in arrivals_of(STORY.streams[:1], 5)]

    assert [arrival.at_s for arrival in arrivals_of(STORY.streams, 5) if arrival.stream == 0] == alone


def test_days_differ_by_their_luck_and_their_mean_is_the_rate() -> None:
    """
    A gamma factor of mean 1 and the deviation that was asked for, the same for the same seed.
    """
    lucky = [replace(STORY.streams[1], day_spread=0.3)]
    days = [expected_count(rate_of(lucky, seed)) / 300 for seed in range(400)]

    assert fmean(days) == pytest.approx(1, abs=0.05)
    assert pstdev(days) == pytest.approx(0.3, abs=0.04)
    assert rate_of(lucky) == STORY.streams[1].rate
    assert arrivals_of(lucky, 3) == arrivals_of(lucky, 3)
    assert len(arrivals_of(lucky, 3)) == pytest.approx(300 * days[3], rel=0.25)
