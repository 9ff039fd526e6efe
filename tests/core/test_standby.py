"""
A room in standby: when it queues, and when everybody passes again.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.phase import MODES
from waiting_room.core.standby import CALM_MS, crowded_since_ms, standby_seats

STANDBY = replace(POLICY, mode="standby", standby_seats=0.5)
"""Fifty of a hundred seats."""


def crowded(since_ms: int = 0, ranks: tuple[int, ...] = (), **changes: Any) -> int:
    """
    Return since when the room is crowded after a look at it now.
    """
    return crowded_since_ms(snapshot(ranks, policy=STANDBY, crowded_ms=since_ms, **changes))


def test_it_stays_calm_while_everybody_passes() -> None:
    """Below the threshold, with nobody waiting and the shop as fast as ever."""
    assert crowded(seats=49) == 0


@pytest.mark.parametrize(
    "changes",
    [{"seats": 50}, {"ranks": (1,)}, {"expected": 1.0}, {"rate_per_minute": 599}],
    ids=["seats", "somebody waits", "somebody is called", "the shop is slowed down"],
)
def test_each_threshold_makes_it_queue(changes: dict[str, Any]) -> None:
    """From now on."""
    assert crowded(**changes) == NOW_MS


@pytest.mark.parametrize("changes", [{"seats": 45}, {"ranks": (1,)}, {"rate_per_minute": 599}])
def test_what_keeps_it_crowded_begins_the_calm_anew(changes: dict[str, Any]) -> None:
    """The seats must fall clearly below the threshold, or it would swing to and fro."""
    assert crowded(NOW_MS - 10 * CALM_MS, **changes) == NOW_MS


def test_it_goes_back_when_it_has_been_calm_for_a_while() -> None:
    """And not before."""
    assert crowded(NOW_MS - CALM_MS + 1, seats=44) == NOW_MS - CALM_MS + 1
    assert crowded(NOW_MS - CALM_MS, seats=44) == 0


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "standby"])
def test_no_other_mode_is_ever_crowded(mode: str) -> None:
    """It means nothing to them."""
    room = snapshot((1, 2), policy=replace(STANDBY, mode=mode), seats=100, crowded_ms=5)

    assert crowded_since_ms(room) == 0


def test_the_threshold_is_rounded_up() -> None:
    """A single seat is one that somebody may take."""
    assert standby_seats(replace(STANDBY, capacity=1)) == 1
    assert standby_seats(replace(STANDBY, standby_seats=0.0)) == 0
