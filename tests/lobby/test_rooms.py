"""
What a worker remembers of a room, and how long.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import NOW_MS, POLICY, snapshot
from waiting_room.core.outcomes import Eta
from waiting_room.core.presence import CHUNK_RANKS
from waiting_room.core.snapshot import Cohort
from waiting_room.core.view import STALE_MS, View
from waiting_room.rooms import PROMISES_KEPT, Positions, Room


def room() -> Room:
    """
    Return a worker's room at the tests' moment.
    """
    return Room("toys", View(snapshot(range(1, 9))), NOW_MS)


@given(st.lists(st.tuples(st.integers(0, 3 * CHUNK_RANKS), st.integers(1, 2**32 - 2)), max_size=50))
def test_a_shown_position_is_the_lowest_ever(shown: list[tuple[int, int]]) -> None:
    """For each rank by itself, however far apart they are."""
    positions = Positions()
    lowest: dict[int, int] = {}
    for rank, position in shown:
        lowest[rank] = min(position, lowest.get(rank, position))
        assert positions.lowest(rank, position) == lowest[rank]


def test_positions_behind_the_frontier_are_forgotten() -> None:
    """By whole chunks; those that reach over the frontier stay."""
    positions = Positions()
    for rank in (5, CHUNK_RANKS + 5, 2 * CHUNK_RANKS + 5):
        positions.lowest(rank, 7)
    positions.forget_below(2 * CHUNK_RANKS)

    assert [positions.lowest(rank, 9) for rank in (5, CHUNK_RANKS + 5, 2 * CHUNK_RANKS + 5)] == [9, 9, 7]


def test_positions_take_four_bytes_a_rank() -> None:
    """A million visitors: sixteen chunks of a quarter of a megabyte."""
    positions = Positions()
    for rank in range(0, 1_000_000, 1000):
        positions.lowest(rank, 1)

    assert sum(chunk.itemsize * len(chunk) for chunk in positions._chunks.values()) == 16 * 262_144


def test_a_view_is_stale_after_three_missed_refreshes() -> None:
    """Not before."""
    held = room()

    assert not held.stale(NOW_MS + STALE_MS)
    assert held.stale(NOW_MS + STALE_MS + 1)


def test_seats_in_use_are_those_seen_lately_and_not_over() -> None:
    """Idle ones and those past their hard end are forgotten."""
    held = room()
    idle_ms = int(POLICY.idle_timeout_s * 1000)
    held.hold_seat("idle", NOW_MS + 10 * idle_ms, NOW_MS - idle_ms)
    held.hold_seat("over", NOW_MS, NOW_MS)
    held.hold_seat("used", NOW_MS + 10 * idle_ms, NOW_MS - idle_ms + 1)

    assert held.live_seats(NOW_MS) == {"used": NOW_MS + 10 * idle_ms}


def test_a_kept_promise_has_no_error() -> None:
    """And one that was missed has the distance to its range."""
    held = room()
    for rank, waited_ms in ((1, 15_000), (2, 4000), (3, 30_000)):
        held.lanes["standard"].promise(rank, Eta(10.0, 20.0), NOW_MS)
        held.keep_promise("standard", rank, NOW_MS + waited_ms)
    held.keep_promise("standard", 4, NOW_MS)

    assert held.eta_errors_s == [0.0, 6.0, 10.0]
    assert {what: count for (_, what), count in held.tally.items()} == {"kept": 1, "early": 1, "late": 1}


def test_promises_to_those_who_never_came_make_room() -> None:
    """
    When the memory is full, those who were called and did not come are forgotten, and measuring goes on.

    Ten thousand no-shows once ended it for the life of the process.
    """
    held = room()
    notes = held.lanes["standard"]
    for rank in range(1, PROMISES_KEPT + 1):
        notes.promise(rank, Eta(1.0, 2.0), NOW_MS)
    called = Cohort(NOW_MS - 1000, 9001, 9501, 500, 0)
    held.see(snapshot([], frontier=9501, issued=PROMISES_KEPT, cohorts=(called,)), NOW_MS)
    notes.promise(20_000, Eta(1.0, 2.0), NOW_MS)

    assert min(notes.promises) == 9001
    assert 20_000 in notes.promises


def test_the_operator_s_message_is_ready_as_json() -> None:
    """As it is seen, quotes and Polish included, and null where there is none."""
    held = room()
    before = held.json_message
    held.see(replace(snapshot(), policy=replace(POLICY, message='Zaraz "ruszamy"')), NOW_MS)

    assert (before, held.json_message) == ("null", '"Zaraz \\"ruszamy\\""')
