"""
When those of a crowd ask whose tabs are hidden, or whose line is slow.
"""

import pytest

from waiting_room.simulation.crowd import HIDDEN, Crowd

NEAR, FAR, HIDES, FAR_AND_HIDES = range(4)
CROWD = Crowd.given([0] * 4, [60_000] * 4, [5_000] * 4, bytes((0, 0, HIDDEN, HIDDEN)), line_ms=[0, 400, 0, 400])


@pytest.mark.parametrize(("who", "asks_in_ms"), [(NEAR, 2_000), (FAR, 2_400), (HIDES, 17_000), (FAR_AND_HIDES, 17_000)])
def test_the_room_hears_again_when_line_and_browser_let_it(who: int, asks_in_ms: int) -> None:
    """
    A browser counts the time of a hidden tab from when it asked: its line adds nothing to that.
    """
    assert CROWD.asks_in_ms(who, 2_000, 17_000) == asks_in_ms


@pytest.mark.parametrize(("who", "as_told"), [(NEAR, True), (FAR, False), (HIDES, False), (FAR_AND_HIDES, False)])
def test_who_is_far_or_hides_is_not_held_to_what_was_told(who: int, as_told: bool) -> None:
    """
    The promises to those who ask as told are not made to them.
    """
    assert CROWD.asks_as_told(who) is as_told


def test_a_crowd_that_nobody_placed_is_near() -> None:
    """
    Without lines, each asks when told to.
    """
    crowd = Crowd.given([0, 1], [60_000] * 2, [5_000] * 2, bytes(2))

    assert [crowd.asks_as_told(who) for who in (0, 1)] == [True, True]
