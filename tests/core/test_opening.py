"""
What an opening begins with: how long its first slot is, and how many are taken to have gone.
"""

from dataclasses import replace

import pytest

from tests.core.makings import POLICY, bits_of, lane, lanes
from waiting_room.core import polling
from waiting_room.core.countdown import Countdown
from waiting_room.core.opening import opening_of, slot_ms
from waiting_room.core.pacing import MAX_NO_SHOW
from waiting_room.core.policy import Policy


@pytest.mark.parametrize("waiting", [0, 1000, 1_000_000])
def test_whoever_polls_as_told_is_heard_of_in_the_first_slot(waiting: int) -> None:
    """The longest that a countdown asks for, and a flush and a snapshot after it."""
    policy = Policy(poll_max_s=90)
    asked_ms = Countdown(waiting, policy).longest_ms

    assert slot_ms(waiting, policy) >= asked_ms + polling.FLUSH_MS + 1000


def test_who_is_silent_is_taken_to_have_gone() -> None:
    """Of eight who wait for the draw two are silent; those who came before the pre-queue are none of them."""
    room = lanes(POLICY, standard=lane([5, 6, 7, 8, 9, 10], frontier=3, issued=12, early_from=5))

    opening = opening_of(room, "abc")

    assert opening.beacon == "abc"
    assert opening.no_show == pytest.approx(0.25)
    assert opening.slot_ms == slot_ms(8, POLICY)


def test_the_lanes_of_a_draw_are_taken_together() -> None:
    """Four of four here, two of six there; a lane that is not drawn does not count."""
    room = lanes(
        POLICY,
        standard=lane(range(1, 5), early_from=1),
        vip=lane([1, 2], issued=6, early_from=1),
        other=lane([1], issued=50),
    )

    assert opening_of(room).no_show == pytest.approx(0.4)


def test_a_lane_in_which_nobody_waits_for_the_draw_takes_nobody_away() -> None:
    """Everybody of the other one is there."""
    called = lane(issued=3, frontier=9, early_from=1)

    assert opening_of(lanes(POLICY, standard=lane(range(1, 5), early_from=1), vip=called)).no_show == 0.0


def test_no_more_than_the_most_are_taken_to_have_gone() -> None:
    """Nobody is there of a thousand: still not all are given up. And where more are there than were drawn, none is."""
    nobody = lanes(POLICY, standard=lane(issued=1000, early_from=1))
    assert opening_of(nobody).no_show == MAX_NO_SHOW

    late = lane([1, 2, 3], issued=2, early_from=1, fresh=bits_of([1, 2, 3]))
    assert opening_of(lanes(POLICY, standard=late)).no_show == 0.0


def test_without_a_draw_what_was_measured_stays() -> None:
    """And the slot is that of those who are there."""
    room = replace(lanes(POLICY, standard=lane(range(1, 21))), no_show=0.125)

    assert opening_of(room).no_show == 0.125
    assert opening_of(room).slot_ms == slot_ms(20, POLICY)
    assert opening_of(room).beacon == ""
