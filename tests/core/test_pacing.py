"""
How many are called: rate, seats, and those who are still to come.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core import pacing
from waiting_room.core.pacing import (
    MAX_NO_SHOW,
    MIN_NO_SHOW,
    RECENT_MS,
    TICK_MS,
    burst,
    door_s,
    mature_ms,
    no_show_after_turn,
    survival,
)
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Cohort, Snapshot

WINDOW_MS = 60_000
MATURE_MS = mature_ms(snapshot())
SHARES = st.floats(0, MAX_NO_SHOW)


@st.composite
def cohorts(draw: st.DrawFn) -> tuple[Cohort, ...]:
    """
    Make cohorts in order of time; more may have come than were present, for ghosts come back.
    """
    ages = sorted(draw(st.lists(st.integers(0, 200_000), max_size=8)), reverse=True)
    made, low = [], 1
    for age in ages:
        present, claimed, at_door = draw(st.integers(0, 50)), draw(st.integers(0, 60)), draw(st.integers(0, 9))
        made.append(Cohort(NOW_MS - age, low, low + present, present, claimed, at_door))
        low += present
    return tuple(made)


def called(age_ms: int, present: int, claimed: int = 0, at_door: int = 0) -> Cohort:
    """
    Return one cohort, called *age_ms* ago.
    """
    return Cohort(NOW_MS - age_ms, 1, 1 + present, present, claimed, at_door)


def open_calls(made: tuple[Cohort, ...]) -> int:
    """
    Return how many are at the door, or were called within the window and have not come.
    """
    young = [cohort for cohort in made if NOW_MS - cohort.at_ms < WINDOW_MS]
    silent = sum(max(0, cohort.present - cohort.claimed - cohort.at_door) for cohort in young)
    return silent + sum(cohort.at_door for cohort in made)


def lead_s(room: Snapshot) -> float:
    """
    Return the lead of a room, as a step takes it from its cohorts.
    """
    mature = mature_ms(room)
    return pacing.lead_s(survival(room.cohorts, room.now_ms, mature), mature)


def measured_no_show(room: Snapshot) -> float:
    """
    Return the share of no-shows after one more look at the room, as a step takes it.
    """
    return pacing.measured_no_show(room, mature_ms(room))


def calls_due(room: Snapshot, still_expected: float, no_show: float) -> float:
    """
    Return how many are due in a room with the lead that it measures.
    """
    return pacing.calls_due(room, still_expected, no_show, lead_s(room))


def expected(made: Sequence[Cohort], no_show: float) -> float:
    """
    Return how many of *made* are expected now, by the survival that they show.
    """
    return pacing.expected(made, NOW_MS, no_show, survival(made, NOW_MS, MATURE_MS), WINDOW_MS)


# fmt: off
CALLS_DUE = [
    # the rate alone: ten a second for the two seconds until they come and a second at the door, and the bucket's one
    (600,   100,   0,   0.0, 0.0,  31.0),
    (600,   100,   0,  28.5, 0.0,  2.5),
    (600,   100,   0,  31.5, 0.0,  0.0),
    # a fifth does not come, so a quarter more is called
    (600,   100,   0,  28.5, 0.2,  3.125),
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
]
# fmt: on
TWO_SECONDS = (
    Cohort(NOW_MS - 9000, 1, 101, 100, 100),
    Cohort(NOW_MS - 2100, 101, 201, 100, 100),
    *(Cohort(NOW_MS - age, 1, 101, 100, 0) for age in (1700, 1200, 700, 200)),
)
"""A crowd of which all come two seconds after their call, and nobody before."""


@pytest.mark.parametrize(("rate_per_minute", "capacity", "seats", "still_expected", "no_show", "due"), CALLS_DUE)
def test_calls_due(
    rate_per_minute: int, capacity: int, seats: int, still_expected: float, no_show: float, due: float
) -> None:
    """What rate and lead or the free seats ask for, less those under way, divided by the share of those who come."""
    policy = Policy(capacity=capacity, rate_per_minute=rate_per_minute, claim_window_s=60)
    room = snapshot(policy=policy, seats=seats, cohorts=TWO_SECONDS)

    assert calls_due(room, still_expected, no_show) == pytest.approx(due)


def test_the_lead_is_measured() -> None:
    """Where everybody comes two seconds after the call, the lead is two seconds."""
    assert lead_s(snapshot(cohorts=TWO_SECONDS)) == pytest.approx(2.0)


def test_the_lead_has_a_length_before_anything_is_known() -> None:
    """Between half a poll and the age at which a call has failed, so that the first calls are neither few nor many."""
    assert POLICY.poll_min_s / 2 < lead_s(snapshot()) < MATURE_MS / 2000


@pytest.mark.parametrize(("rate_per_s", "seconds"), [(100, 1.0), (8, 1.0), (2, 2.0), (0.5, 3.0), (0.01, 3.0)])
def test_the_slower_the_room_the_longer_one_stands_at_the_door(rate_per_s: float, seconds: float) -> None:
    """A second where many go in; up to three where a second's admissions are too few to be there at every moment."""
    assert door_s(rate_per_s, 2.0) == pytest.approx(seconds)


@given(
    st.integers(0, 200), st.integers(0, 60_000), st.integers(0, 300), st.floats(0, 500), SHARES,
    st.integers(-5000, 100_000), st.floats(0, 100_000),
)  # fmt: skip
def test_calls_are_never_negative_and_never_beyond_the_seats(
    capacity: int, rate: int, seats: int, still_expected: float, no_show: float, away_ms: int, lost: float
) -> None:
    """Whatever the counters say, those who can be counted on fit into the free seats."""
    policy = replace(POLICY, capacity=capacity, rate_per_minute=rate)
    room = snapshot(policy=policy, seats=seats, ticked_ms=NOW_MS - away_ms, lost_tokens=lost)
    due = calls_due(room, still_expected, no_show)

    assert due >= 0
    assert due * (1 - no_show) <= max(0.0, capacity - seats - still_expected) + 1e-6


@given(st.floats(0, 500), SHARES)
def test_nobody_is_called_while_the_rate_is_nothing(lost: float, no_show: float) -> None:
    """A rate of 0 stops the door, whatever was lost before."""
    room = snapshot(policy=replace(POLICY, rate_per_minute=0), lost_tokens=lost)

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
    """After an hour no more are due than after a tick."""
    room = snapshot(ticked_ms=NOW_MS - 3_600_000)

    assert calls_due(room, 0.0, 0.0) == calls_due(snapshot(), 0.0, 0.0)


def test_what_the_door_could_not_let_in_is_called_in_addition() -> None:
    """A second's worth at the most: it corrects a lead that was measured too short."""
    usual = calls_due(snapshot(), 0.0, 0.0)

    assert calls_due(snapshot(lost_tokens=2.0), 0.0, 0.0) == pytest.approx(usual + 2)
    assert calls_due(snapshot(lost_tokens=2000.0), 0.0, 0.0) == pytest.approx(usual + POLICY.rate_per_s)


@pytest.mark.parametrize(("rate", "depth"), [(0, 1.0), (60, 1.0), (240, 1.0), (600, 2.5), (60_000, 250.0)])
def test_the_bucket_is_one_tick_deep(rate: int, depth: float) -> None:
    """And never shallower than one admission."""
    assert TICK_MS == 250
    assert burst(rate / 60) == depth


@given(cohorts())
def test_survival_never_rises(made: tuple[Cohort, ...]) -> None:
    """Who has not come by a later age had not come by an earlier one."""
    shares = survival(made, NOW_MS, MATURE_MS)

    assert list(shares) == sorted(shares, reverse=True)
    assert all(0 <= share <= 1 for share in shares)


def test_survival_is_read_from_the_cohorts() -> None:
    """Of a hundred eighty come in the end; of those called a second ago forty have: half of those who will."""
    made = (called(20_000, 100, claimed=80), called(1200, 100, claimed=40))

    assert survival(made, NOW_MS, MATURE_MS)[2] == pytest.approx(0.5)
    assert survival(made, NOW_MS, MATURE_MS)[-1] == 0


def test_survival_has_a_shape_before_anything_is_known() -> None:
    """All are still to come at first, a twentieth or less when it is time to give up."""
    shares = survival((), NOW_MS, MATURE_MS)

    assert shares[0] == 1
    assert shares[6] < 0.15
    assert 0 <= shares[-1] < 0.05


@given(cohorts(), SHARES)
def test_expected_is_between_nobody_and_all_open_calls(made: tuple[Cohort, ...], no_show: float) -> None:
    """Nobody is expected twice, and nobody whose window is over."""
    assert 0 <= expected(made, no_show) <= open_calls(made) + 1e-9


@given(cohorts(), SHARES)
def test_those_at_the_door_are_expected_in_full(made: tuple[Cohort, ...], no_show: float) -> None:
    """They are there, and take the next seats whatever the share of others who stay away."""
    assert expected(made, no_show) >= sum(cohort.at_door for cohort in made)


@given(st.floats(MIN_NO_SHOW, 0.8), st.integers(0, 5000))
def test_fewer_are_expected_of_the_same_calls_where_more_stay_away(no_show: float, age_ms: int) -> None:
    """For one cohort the expectation falls as the share of no-shows rises."""
    one = [called(age_ms, 10)]

    assert expected(one, no_show + 0.1) < expected(one, no_show)


def test_a_fresh_call_counts_by_the_share_of_those_who_come() -> None:
    """At age nothing, P = (1 - p)."""
    assert expected([called(0, 10)], 0.2) == pytest.approx(8.0)


def test_no_crowd_is_wholly_faithful() -> None:
    """With no no-shows measured one in twenty is still doubted: a seat never waits for good for one who is gone."""
    assert expected([called(0, 10)], 0.0) == pytest.approx(10 * (1 - MIN_NO_SHOW))
    assert expected([called(30_000, 10)], 0.0) < 0.1


@given(SHARES)
def test_the_longer_the_silence_the_less_is_expected(no_show: float) -> None:
    """From the call to the end of the window the chance only falls."""
    chances = [expected([called(age_ms, 10)], no_show) for age_ms in range(0, WINDOW_MS + 1, 500)]

    assert chances == sorted(chances, reverse=True)


@pytest.mark.parametrize("no_show", [0.0, 0.2, 0.9])
def test_nobody_is_expected_when_the_window_ends(no_show: float) -> None:
    """At that age S is nothing, or the window is over."""
    assert expected([called(WINDOW_MS, 10)], no_show) == 0


@given(cohorts(), SHARES)
def test_the_measured_share_stays_a_share(made: tuple[Cohort, ...], before: float) -> None:
    """Between none and nine of ten, so that over-calling is bounded by ten."""
    assert 0 <= measured_no_show(snapshot(cohorts=made, no_show=before, slot_at_ms=0)) <= MAX_NO_SHOW


@pytest.mark.parametrize(
    ("age_ms", "teaches"),
    [(MATURE_MS - 1, False), (MATURE_MS, True), (MATURE_MS + RECENT_MS, True), (MATURE_MS + RECENT_MS + 1, False)],
)
def test_only_calls_of_an_age_that_tells_are_looked_at(age_ms: int, teaches: bool) -> None:
    """Younger ones may still come, older ones are of another time."""
    assert (measured_no_show(snapshot(cohorts=(called(age_ms, 50),), slot_at_ms=0)) > 0) is teaches


def test_the_share_moves_towards_what_is_seen() -> None:
    """Look after look with a fifth missing, the measurement comes to a fifth."""
    share = 0.0
    for _ in range(120):
        crowd = (called(MATURE_MS, 50, claimed=38, at_door=2),)
        share = measured_no_show(snapshot(cohorts=crowd, slot_at_ms=0, no_show=share))

    assert share == pytest.approx(0.2, abs=0.001)


def test_ghosts_who_come_back_do_not_make_the_share_negative() -> None:
    """More may claim than were present when they were called."""
    assert 0 <= measured_no_show(snapshot(cohorts=(called(MATURE_MS, 10, claimed=30),), slot_at_ms=0)) < 0.1
    assert expected([called(0, 10, claimed=30)], 0.1) == 0


def test_calls_of_an_earlier_slot_say_nothing_of_those_who_stayed() -> None:
    """Whoever was called before the slot turned may have been one of the ghosts that went with it."""
    room = snapshot(cohorts=(called(MATURE_MS + 2000, 50),), no_show=0.3, slot_at_ms=NOW_MS - MATURE_MS - 1000)

    assert measured_no_show(room) == 0.3


@given(SHARES, st.floats(0, 1))
def test_the_share_after_a_turn_is_that_of_those_who_stay(no_show: float, silent: float) -> None:
    """Silent ones and no-shows among the others make up the share of before, unless more were silent."""
    after = no_show_after_turn(no_show, silent)

    assert 0 <= after <= MAX_NO_SHOW
    if silent < min(no_show, 0.99):
        assert silent + (1 - silent) * after == pytest.approx(no_show)


def test_a_crowd_that_left_takes_its_no_shows_with_it() -> None:
    """
    Nine of ten were silent: of those who stay, as many come as ever.

    The share once stayed at nine of ten, and 420 were called at once in a room of twenty a second.
    """
    assert no_show_after_turn(0.9, 0.9) == pytest.approx(0.0)
    assert no_show_after_turn(0.9, 1.0) == 0.9


def test_seats_are_called_for_before_they_are_free() -> None:
    """A full room in which ten seats end per second, with a lead of two seconds and a tick: 22 or 23, and no spare."""
    room = snapshot(
        policy=replace(POLICY, capacity=10_000, rate_per_minute=60_000), seats=10_000, admitted=20_000,
        ended=10_000, turnover_per_s=10.0, ticked_ms=NOW_MS, cohorts=TWO_SECONDS,
    )  # fmt: skip

    assert calls_due(room, 0.0, 0.0) == pytest.approx(22.5)
