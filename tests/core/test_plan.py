"""
One step of the controller.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, bits_of, snapshot
from waiting_room.core.phase import Phase
from waiting_room.core.plan import MARK_STEP, Advance, plan
from waiting_room.core.snapshot import Cohort, Snapshot


def step(room: Snapshot) -> Advance:
    """
    Return the step of the one who holds the room.
    """
    made = plan(room, "me")
    assert made is not None
    return made


def frontier_of(made: Advance) -> int:
    """
    Return the new frontier of the only lane.
    """
    return made.lanes["standard"].frontier


def test_nobody_steps_while_another_holds_the_room() -> None:
    """The lease keeps out; its last millisecond too."""
    held = snapshot(range(1, 50), owner="another", owner_until_ms=NOW_MS + 1)

    assert plan(held, "me") is None
    assert plan(held, "another") is not None


def test_a_silent_controller_loses_the_room() -> None:
    """When the lease is over, any worker goes on; the one who held it as well."""
    over = snapshot(range(1, 50), owner="another", owner_until_ms=NOW_MS)

    assert plan(over, "me") is not None
    assert plan(replace(over, owner="me"), "me") is not None


def test_a_step_bears_the_version_and_epoch_it_was_made_from() -> None:
    """Compare-and-advance needs both."""
    made = step(snapshot(version=41, epoch=3))

    assert (made.version, made.epoch, made.owner) == (41, 3, "me")


def test_the_frontier_passes_just_those_who_are_called() -> None:
    """Two seats are free: two are called."""
    made = step(snapshot(range(1, 50), seats=POLICY.capacity - 2))

    assert (frontier_of(made), made.called) == (3, 2)


def test_a_fraction_calls_nobody() -> None:
    """Two seats are free, and half a visitor is expected: one is called, and the rest stays due."""
    half = Cohort(NOW_MS, 1, 2, 1)
    room = snapshot(range(2, 50), frontier=2, seats=POLICY.capacity - 2, cohorts=(half,), no_show=0.5)

    assert step(replace(room, no_show=0.0)).called == 1
    assert step(room).called == 3


def test_stepping_over_ghosts_is_free() -> None:
    """A thousand ghosts before two live people delay them by nothing."""
    made = step(snapshot([1000, 1001, 1002], seats=POLICY.capacity - 2))

    assert (made.called, frontier_of(made)) == (2, 1002)


def test_with_ghosts_alone_the_frontier_passes_them_all() -> None:
    """Everybody has gone: the next newcomer is next."""
    made = step(snapshot([], issued=70_000))

    assert (made.called, frontier_of(made)) == (0, 70_001)


def test_ghosts_stay_uncalled_while_no_seat_is_free() -> None:
    """Nobody is called in vain: a ghost that comes back in the meantime has its old place."""
    made = step(snapshot([], issued=500, seats=POLICY.capacity))

    assert (made.called, frontier_of(made)) == (0, 1)


def test_the_last_ones_are_called_with_the_ghosts_behind_them() -> None:
    """Fewer wait than are due: the frontier stands behind the last number."""
    made = step(snapshot([3, 5], issued=900))

    assert (made.called, frontier_of(made)) == (2, 901)


@given(
    st.sets(st.integers(1, 400), max_size=60), st.integers(1, 300), st.integers(0, 120), st.integers(0, 40),
    st.integers(0, 100_000), st.sampled_from(Phase),
)  # fmt: skip
def test_calls_are_in_the_order_of_ranks_and_never_taken_back(
    ranks: set[int], frontier: int, capacity: int, seats: int, rate: int, phase: Phase
) -> None:
    """The called are the first of the present; the frontier never falls and never passes the last number."""
    policy = replace(POLICY, capacity=capacity, rate_per_minute=rate)
    room = snapshot({rank for rank in ranks if rank >= frontier}, frontier=frontier, policy=policy, seats=seats)
    room = replace(room, phase=phase)
    made = step(room)
    waiting = sorted(rank for rank in ranks if rank >= frontier)

    assert frontier <= frontier_of(made) <= max(frontier, room.standard.issued + 1)
    assert waiting[: made.called] == [rank for rank in waiting if rank < frontier_of(made)]
    assert made.called <= max(0, capacity - seats)


def test_who_is_called_is_expected() -> None:
    """The next step counts on those of this one, by the share of those who come."""
    made = step(snapshot(range(1, 50), seats=POLICY.capacity - 4, no_show=0.2))

    assert made.called == 5
    assert made.expected == pytest.approx(5 * 0.8)


def test_the_no_show_share_is_learned_from_what_is_old_enough() -> None:
    """What the cohorts taught stands in the step, and the calls make up for it."""
    over = Cohort(NOW_MS - 10_000, 1, 51, 50, 0)
    room = snapshot(range(60, 99), frontier=60, seats=POLICY.capacity - 6, cohorts=(over,), no_show=0.3)
    made = step(replace(room, slot_at_ms=NOW_MS - 14_000))

    assert made.no_show > 0.3
    assert made.called == int((6 - (made.expected - made.called * (1 - made.no_show))) / (1 - made.no_show)) == 5


def test_a_slot_turns_when_its_time_is_over() -> None:
    """Not a millisecond before."""
    young = snapshot(range(1, 9), slot_at_ms=NOW_MS - 14_999)

    assert not step(young).rotate
    assert step(replace(young, slot_at_ms=NOW_MS - 15_000)).rotate


def test_a_turn_names_all_ranks_that_wait() -> None:
    """From the frontier to the last number: their chunks are the ones that turn."""
    made = step(snapshot([70_000], frontier=7)).lanes["standard"]

    assert (made.low, made.high) == (7, 70_000)


def test_leaving_is_measured_when_a_slot_turns() -> None:
    """Of four who were there in the last slot one is silent after twenty seconds: 1.25 % a second, smoothed by half."""
    room = snapshot([1, 2, 3, 4], fresh=bits_of([1, 2, 4]), slot_at_ms=NOW_MS - 20_000, slot_ms=20_000)

    assert step(replace(room, leaving_per_s=0.0075)).leaving_per_s == pytest.approx(0.01)
    assert step(room).leaving_per_s == pytest.approx(0.0125), "what was unknown is not smoothed"
    assert step(replace(room, slot_ms=25_000)).leaving_per_s == 0.0


@pytest.mark.parametrize(
    ("issued", "mark", "raised"),
    [(0, 50_000, 50_000), (25_000, 50_000, 50_000), (25_001, 50_000, 75_001), (60_000, 60_000, 110_000)],
)
def test_the_mark_is_raised_ahead_of_need(issued: int, mark: int, raised: int) -> None:
    """When half a step is left, so that no join ever waits for it; and it never falls."""
    assert MARK_STEP == 50_000
    assert step(snapshot(issued=issued, high_water=mark)).lanes["standard"].high_water == raised


def test_those_who_stay_are_not_called_like_those_who_left() -> None:
    """Nine of ten did not come; with the turn of the slot they are gone, and the share of no-shows with them."""
    stayed = range(10, 2001, 10)
    room = snapshot(range(1, 2001), fresh=bits_of(stayed), slot_at_ms=NOW_MS - 15_000, no_show=0.9)

    assert step(room).no_show == pytest.approx(0.0, abs=0.01)
    assert step(replace(room, slot_ms=16_000)).no_show == 0.9


def test_how_many_seats_end_is_kept_for_the_next_step() -> None:
    """Sixty of a hundred and sixty have ended, ten of them since the last tick."""
    made = step(snapshot(admitted=160, seats=100, ended=50))

    assert made.ended == 60
    assert 0 < made.turnover_per_s < 40


def test_a_room_in_shadow_keeps_its_model_going() -> None:
    """A hundred came within a second where ten may, and five seats are free: five go in, the others would wait.

    Of the five admissions that were not used a tick's worth is kept.
    """
    policy = replace(POLICY, mode="shadow", capacity=20)
    begun = step(snapshot([], policy=policy, seats=15, admitted=50)).shadow
    assert begun is not None
    assert (begun.since_ms, begun.admitted, begun.seats, begun.inside, begun.waiting) == (NOW_MS, 50, 15, 15.0, 0)

    after = snapshot([], policy=policy, seats=115, admitted=150, shadow=begun, now_ms=NOW_MS + 1000)
    seen = step(after).shadow
    assert seen is not None
    assert (seen.since_ms, seen.at_ms, seen.came) == (NOW_MS, NOW_MS + 1000, 100)
    assert (seen.inside, seen.waiting, seen.tokens) == (20.0, 95.0, 2.5)


def test_a_room_that_queues_has_no_shadow() -> None:
    """There is nothing to imagine."""
    assert step(snapshot(range(1, 50))).shadow is None
