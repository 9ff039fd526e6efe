"""
How fast seats end, and how many are called for those that will.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.pacing import TURNOVER_S, ahead_of_seats, ended, turnover_per_s


def living(turnover: float, seconds: float, known: float = 0.0) -> float:
    """
    Return the turnover that is measured in a room of 100 seats after *seconds* in which *turnover* a second ended.
    """
    measured, inside = known, POLICY.capacity
    for tick in range(1, round(seconds * 4) + 1):
        gone = 100 + int(turnover * tick / 4)
        before = 100 + int(turnover * (tick - 1) / 4)
        room = snapshot(seats=inside, admitted=gone + inside, ended=before, turnover_per_s=measured)
        measured = turnover_per_s(room)
    return measured


@pytest.mark.parametrize("turnover", [0.5, 3.0, 40.0])
def test_the_turnover_is_measured(turnover: float) -> None:
    """After a minute it is known within a tenth, at any speed."""
    assert living(turnover, 60) == pytest.approx(turnover, rel=0.1)


def test_the_turnover_follows_a_room_that_comes_to_rest() -> None:
    """A third of it is left after its time."""
    assert living(0.0, TURNOVER_S, known=9.0) == pytest.approx(9.0 / 2.718, rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [{"ended": 0}, {"ended": 50, "recover_until_ms": NOW_MS + 1}, {"ended": 50, "ticked_ms": NOW_MS}],
)
def test_nothing_is_learned_where_the_last_tick_is_unknown(changes: dict[str, Any]) -> None:
    """A room that is new, was put back, or is looked at twice within a moment."""
    assert turnover_per_s(snapshot(seats=10, admitted=500, turnover_per_s=2.0, **changes)) == 2.0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6), st.floats(0, 1000), st.integers(0, 10**5))
def test_the_turnover_is_never_negative_and_never_beyond_the_seats(
    admitted: int, seats: int, before: int, known: float, away_ms: int
) -> None:
    """Whatever was put back from others' memories: no more seats end in a tick than there are."""
    room = snapshot(admitted=admitted, seats=seats, ended=before, turnover_per_s=known, ticked_ms=NOW_MS - away_ms)

    assert ended(room) >= 0
    assert 0 <= turnover_per_s(room) <= max(known, POLICY.capacity * 1000 / max(1, away_ms))


@pytest.mark.parametrize(
    ("turnover", "capacity", "spare"),
    [(1.67, 50, (3, 5)), (0.083, 50, (0, 0.5)), (16.7, 500, (0, 4)), (170, 5000, (0, 0))],
)
def test_a_small_room_keeps_some_to_spare(turnover: float, capacity: int, spare: tuple[float, float]) -> None:
    """Where few seats end, chance decides whether somebody is at the door: a handful more are called, and not many."""
    more = ahead_of_seats(turnover, 2.0, capacity, capacity) - turnover * 2.25

    assert spare[0] <= more <= spare[1]


@given(st.floats(0, 10_000), st.floats(0, 30), st.integers(0, 10_000), st.integers(0, 10_000))
def test_no_more_are_called_ahead_than_there_are_seats_to_end(
    turnover: float, lead: float, seats: int, capacity: int
) -> None:
    """An empty room, or one of no seats, calls nobody ahead; nor do the spare ones outgrow the room."""
    ahead = ahead_of_seats(turnover, lead, seats, capacity)

    assert ahead >= 0
    if not seats:
        assert ahead == 0
    assert ahead <= seats + 6 * max(1.0, seats) ** 0.5
