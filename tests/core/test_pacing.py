"""
How many are called: rate, seats, and those who are still to come.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.pacing import (
    MAX_NO_SHOW,
    MAX_STEP_MS,
    TICK_MS,
    burst,
    calls_due,
    expected,
    measured_no_show,
    survival,
)
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Cohort

WINDOW_MS = 60_000
SHARES = st.floats(0, MAX_NO_SHOW)


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Cohort, ...]:
    """
    Make cohorts in order of time; more may have come than were present, for ghosts come back.
    """
    ages = sorted(draw(st.lists(st.integers(0, 200_000), max_size=8)), reverse=True)
    made, low = [], 1
    for age in ages:
        present, claimed = draw(st.integers(0, 50)), draw(st.integers(0, 60))
        made.append(Cohort(NOW_MS - age, low, low + present, present, claimed))
        low += present
    return tuple(made)


def called(age_ms: int, present: int, claimed: int = 0) -> Cohort:
    """
    Return one cohort, called *age_ms* ago.
    """
    return Cohort(NOW_MS - age_ms, 1, 1 + present, present, claimed)


# fmt: off
CALLS_DUE = [
    # the rate alone: ten a second are 2.5 a tick
    (600,   100,   0,   0.0, 0.0,  2.5),
    (60,    100,   0,   0.0, 0.0,  0.25),
    # a fifth does not come, so a quarter more is called
    (600,   100,   0,   0.0, 0.2,  3.125),
    # the seats alone
    (60_000, 100, 97,   0.0, 0.0,  3.0),
    (60_000, 100, 90,   8.0, 0.0,  2.0),
    (60_000, 100, 90,   8.0, 0.5,  4.0),
    # full, over-full after capacity shrank, and nothing to give at all
    (600,   100, 100,   0.0, 0.0,  0.0),
    (600,   100,  90,  10.0, 0.0,  0.0),
    (600,    10, 100,   0.0, 0.3,  0.0),
    (600,     0,   0,   0.0, 0.0,  0.0),
    # no rate, no calls
    (0,     100,   0,   0.0, 0.0,  0.0),
    (0,     100,   0,   0.0, 0.5,  0.0),
    # more are expected than the rate can let in within a claim window: wait for them first
    (60,  10_000,  0,  61.0, 0.0,  0.0),
]
# fmt: on


@pytest.mark.parametrize(("rate_per_minute", "capacity", "seats", "still_expected", "no_show", "due"), CALLS_DUE)
def test_calls_due(
    rate_per_minute: int, capacity: int, seats: int, still_expected: float, no_show: float, due: float
) -> None:
    """The smaller of rate and free seats, each divided by the share of those who come."""
    policy = Policy(capacity=capacity, rate_per_minute=rate_per_minute, claim_window_s=60)

    assert calls_due(snapshot(policy=policy, seats=seats), still_expected, no_show) == pytest.approx(due)


@given(
    st.integers(0, 200), st.integers(0, 60_000), st.integers(0, 300), st.floats(0, 500), SHARES,
    st.floats(0, 1), st.integers(-5000, 100_000), st.floats(0, 100_000),
)  # fmt: skip
def test_calls_are_never_negative_and_never_beyond_the_seats(
    capacity: int, rate: int, seats: int, still_expected: float, no_show: float, carry: float, away_ms: int, lost: float
) -> None:
    """Whatever the counters say, those who can be counted on fit into the free seats."""
    policy = replace(POLICY, capacity=capacity, rate_per_minute=rate)
    room = snapshot(policy=policy, seats=seats, carry=carry, ticked_ms=NOW_MS - away_ms, lost_tokens=lost)
    due = calls_due(room, still_expected, no_show)

    assert due >= 0
    assert due * (1 - no_show) <= max(0.0, capacity - seats - still_expected) + 1e-6


@given(st.floats(0, 500), SHARES)
def test_nobody_is_called_while_the_rate_is_nothing(lost: float, no_show: float) -> None:
    """A rate of 0 stops the door, whatever was lost or carried before."""
    room = snapshot(policy=replace(POLICY, rate_per_minute=0), lost_tokens=lost, carry=0.999)

    assert int(calls_due(room, 0.0, no_show)) == 0


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.CLOSED])
def test_a_room_that_does_not_admit_calls_nobody(phase: Phase) -> None:
    """Paused and closed rooms stand still."""
    assert calls_due(snapshot(phase=phase), 0.0, 0.0) == 0


def test_a_draining_room_calls_on() -> None:
    """Those who wait are served while nobody new may join."""
    assert calls_due(snapshot(phase=Phase.DRAINING), 0.0, 0.0) > 0


def test_a_recovering_room_calls_nobody() -> None:
    """Seats must be put back before others are given."""
    assert calls_due(snapshot(recover_until_ms=NOW_MS + 1), 0.0, 0.0) == 0


def test_a_controller_that_was_away_does_not_make_up_for_it() -> None:
    """After an hour no more than one second's calls are due at once."""
    room = snapshot(ticked_ms=NOW_MS - 3_600_000)

    assert calls_due(room, 0.0, 0.0) == pytest.approx(POLICY.rate_per_s * MAX_STEP_MS / 1000)


def test_what_the_door_could_not_let_in_is_called_in_addition() -> None:
    """Lost admissions come back with the next tick, a second's worth at the most."""
    assert calls_due(snapshot(lost_tokens=2.0), 0.0, 0.0) == pytest.approx(4.5)
    assert calls_due(snapshot(lost_tokens=2000.0), 0.0, 0.0) == pytest.approx(12.5)


@pytest.mark.parametrize(("rate", "depth"), [(0, 1.0), (60, 1.0), (240, 1.0), (600, 2.5), (60_000, 250.0)])
def test_the_bucket_is_one_tick_deep(rate: int, depth: float) -> None:
    """And never shallower than one admission."""
    assert TICK_MS == 250
    assert burst(Policy(rate_per_minute=rate)) == depth


@given(cohorts(), SHARES)
def test_survival_never_rises(made: tuple[Cohort, ...], no_show: float) -> None:
    """Who has not come by a later age had not come by an earlier one."""
    shares = survival(made, NOW_MS, no_show)

    assert list(shares) == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


@given(cohorts(), SHARES)
def test_expected_is_between_nobody_and_all_open_calls(made: tuple[Cohort, ...], no_show: float) -> None:
    """Nobody is expected twice, and nobody whose window is over."""
    open_calls = sum(max(0, cohort.present - cohort.claimed) for cohort in made if NOW_MS - cohort.at_ms < WINDOW_MS)

    assert 0 <= expected(made, NOW_MS, no_show, WINDOW_MS) <= open_calls + 1e-9


@given(cohorts())
def test_all_open_calls_are_expected_where_everybody_comes(made: tuple[Cohort, ...]) -> None:
    """With a no-show share of nothing the law counts each called one in full."""
    open_calls = sum(max(0, cohort.present - cohort.claimed) for cohort in made if NOW_MS - cohort.at_ms < WINDOW_MS)

    assert expected(made, NOW_MS, 0.0, WINDOW_MS) == pytest.approx(open_calls)


@given(cohorts(), st.floats(0, 0.8))
def test_fewer_are_expected_of_the_same_calls_where_more_stay_away(made: tuple[Cohort, ...], no_show: float) -> None:
    """For one cohort the expectation falls as the share of no-shows rises."""
    one = called(0, 10)

    assert expected([one], NOW_MS, no_show + 0.1, WINDOW_MS) < expected([one], NOW_MS, no_show, WINDOW_MS)


def test_a_fresh_call_counts_by_the_share_of_those_who_come() -> None:
    """At age nothing, P = (1 - p)."""
    assert expected([called(0, 10)], NOW_MS, 0.2, WINDOW_MS) == pytest.approx(8.0)


def test_who_is_late_is_expected_less() -> None:
    """Where seven of the eight who come have come, the three left are worth one eighth of 0.8 against 0.2 each."""
    late = called(4000, 10, claimed=7)
    chance = 0.8 * 0.125 / (0.8 * 0.125 + 0.2)

    assert expected([late], NOW_MS, 0.2, WINDOW_MS) == pytest.approx(3 * chance)


def test_nobody_is_expected_when_the_window_ends() -> None:
    """Up to the last millisecond they count, then no more."""
    assert expected([called(WINDOW_MS - 1, 10)], NOW_MS, 0.0, WINDOW_MS) == pytest.approx(10)
    assert expected([called(WINDOW_MS, 10)], NOW_MS, 0.0, WINDOW_MS) == 0


@given(cohorts(), SHARES, st.integers(0, 300_000))
def test_the_measured_share_stays_a_share(made: tuple[Cohort, ...], before: float, since: int) -> None:
    """Between none and nine of ten, so that over-calling is bounded by ten."""
    assert 0 <= measured_no_show(before, made, NOW_MS - since, NOW_MS, WINDOW_MS) <= MAX_NO_SHOW


def test_only_windows_that_ended_since_teach() -> None:
    """A cohort counts once: at the tick after its window ended."""
    over = called(WINDOW_MS, 50, claimed=0)

    assert measured_no_show(0.0, [over], NOW_MS - 250, NOW_MS, WINDOW_MS) == pytest.approx(0.5)
    assert measured_no_show(0.0, [over], NOW_MS, NOW_MS + 250, WINDOW_MS) == 0
    assert measured_no_show(0.0, [called(WINDOW_MS - 1, 50)], NOW_MS - 250, NOW_MS, WINDOW_MS) == 0


def test_the_share_moves_towards_what_is_seen() -> None:
    """Cohort after cohort with a fifth missing, the measurement comes to a fifth."""
    share = 0.0
    for _ in range(40):
        share = measured_no_show(share, [called(WINDOW_MS, 50, claimed=40)], NOW_MS - 250, NOW_MS, WINDOW_MS)

    assert share == pytest.approx(0.2, abs=0.001)


def test_ghosts_who_come_back_do_not_make_the_share_negative() -> None:
    """More may claim than were present when they were called."""
    assert measured_no_show(0.1, [called(WINDOW_MS, 10, claimed=30)], NOW_MS - 250, NOW_MS, WINDOW_MS) < 0.1
    assert expected([called(0, 10, claimed=30)], NOW_MS, 0.1, WINDOW_MS) == 0
