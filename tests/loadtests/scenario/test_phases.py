"""
The phases of a run follow from who comes and who waits.
"""

import pytest

from loadtests.arrivals.plain import Constant
from loadtests.arrivals.rate import Rate, together
from loadtests.arrivals.spike import SpikeProfile
from loadtests.scenario.phases import Phase, backlog, phases_of

SPIKE = SpikeProfile(calm_per_s=10, calm_s=10, rise_s=10, peak_per_s=110, hold_s=20, fall_s=10, tail_s=50).rate()


def test_a_spike_has_all_five() -> None:
    """
    10 % of the way is passed after 11 s, 80 % after 18 s and again after 42 s; the rest follows the queue.
    """
    waiting = [0.0] * 15 + [500.0] * 45 + [0.0] * 40

    assert phases_of(SPIKE, waiting, 100) == (
        Phase("calm", 0, 11),
        Phase("rise", 11, 18),
        Phase("peak", 18, 42),
        Phase("drain", 42, 60),
        Phase("recovery", 60, 100),
    )


def test_a_queue_that_never_ends_leaves_no_recovery() -> None:
    """
    The drain lasts to the end of the run.
    """
    assert phases_of(SPIKE, [100.0] * 100, 100)[-1] == Phase("drain", 42, 100)


def test_without_a_queue_nothing_drains() -> None:
    """
    Recovery follows the peak.
    """
    assert [phase.name for phase in phases_of(SPIKE, [], 100)] == ["calm", "rise", "peak", "recovery"]


def test_a_step_has_no_rise() -> None:
    """
    What lasts no time is left out.
    """
    step = SpikeProfile(1, 10, 0, 50, 10, 0, 10).rate()

    assert [phase.name for phase in phases_of(step, [], 30)] == ["calm", "peak", "recovery"]


@pytest.mark.parametrize("rate", [Constant(8, 60).rate(), Rate(((0, 8), (60, 9)))])
def test_without_a_spike_all_is_calm(rate: Rate) -> None:
    """
    A fifth more is no spike.
    """
    assert phases_of(rate, [3.0] * 60, 70) == (Phase("calm", 0, 70),)


def test_several_summits_are_one_peak() -> None:
    """
    From the first to the last.
    """
    twice = together((SPIKE, SPIKE.later(100)))

    assert phases_of(twice, [], 200)[2] == Phase("peak", 18, 142)


def test_the_backlog_is_what_comes_less_what_is_let_in() -> None:
    """
    20 a second for 5 s against 15 a second leaves 25, and those go within two seconds.
    """
    assert backlog(Constant(20, 5).rate(), [15] * 8) == [5, 10, 15, 20, 25, 10, 0, 0]
