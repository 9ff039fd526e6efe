"""
What is read of a crowd's check-ins, and when again.
"""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from waiting_room.core.presence import CHUNK_BYTES, CHUNK_RANKS, Presence
from waiting_room.store.chunks import FAR_MS, LAST, NEAR, LaneChunks

FULL = b"\xff" * CHUNK_BYTES
NOW_MS = 1_800_000_000_000
MANY = range(100)
AGE = (1, NOW_MS)


def read(chunks: LaneChunks, now_ms: int, waiting: range = MANY, age: tuple[int, ...] = AGE) -> list[int]:
    """
    Read what is due, everybody being there; return which chunks that were.
    """
    due = chunks.due(waiting, age, now_ms)
    chunks.take(due, age, now_ms, dict.fromkeys(due, FULL), {})
    return due


def test_everything_is_read_at_first() -> None:
    """Nobody is missing from the first view."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)

    assert chunks.presence(1, MANY).total == 100 * CHUNK_RANKS - 1


def test_both_ends_are_read_at_each_step() -> None:
    """Those who are called next, and those who have just come."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)
    due = read(chunks, NOW_MS + 1)

    assert due == [*range(NEAR), *range(100 - LAST, 100)]


def test_a_small_crowd_is_read_as_a_whole_at_each_step() -> None:
    """Up to 400,000 nothing is older than the step."""
    chunks, small = LaneChunks(), range(7, 7 + NEAR + LAST)
    read(chunks, NOW_MS, small)

    assert read(chunks, NOW_MS + 1, small) == list(small)


def test_the_others_are_read_a_quarter_at_a_time() -> None:
    """Each once a second, and no step reads more than its part."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)
    steps = [read(chunks, NOW_MS + 250 * step) for step in range(1, 21)]

    assert max(map(len, steps)) <= (100 - NEAR - LAST) // 4 + 1 + NEAR + LAST
    for chunk in MANY:
        times = [step for step, due in enumerate(steps) if chunk in due]
        assert times[0] < FAR_MS // 250
        assert all(later - earlier <= FAR_MS // 250 for earlier, later in pairwise(times))


def test_a_worker_that_looks_once_a_second_reads_everything() -> None:
    """What it holds is never older than a second either."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)

    assert read(chunks, NOW_MS + FAR_MS) == list(MANY)


def test_a_new_slot_makes_all_that_is_held_worthless() -> None:
    """The check-ins of this slot have become those of the one before."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)

    assert read(chunks, NOW_MS + 1, age=(1, NOW_MS + 1)) == list(MANY)
    assert read(chunks, NOW_MS + 2, age=(2, NOW_MS + 1)) == list(MANY)


def test_what_was_read_of_an_older_slot_is_not_kept() -> None:
    """Two snapshots at once: the one that began before the turn must not overwrite the other's."""
    chunks = LaneChunks()
    late = chunks.due(MANY, AGE, NOW_MS)
    read(chunks, NOW_MS, age=(1, NOW_MS + 1))
    chunks.take(late, AGE, NOW_MS, {}, {})

    assert chunks.presence(1, MANY).total == 100 * CHUNK_RANKS - 1


def test_chunks_behind_the_frontier_are_forgotten() -> None:
    """A sale of millions leaves nothing behind."""
    chunks = LaneChunks()
    read(chunks, NOW_MS)
    chunks.forget_below(90)

    assert sorted(chunks._parts) == sorted(chunks._fresh) == sorted(chunks._read_again_ms) == list(range(90, 100))


@given(
    st.dictionaries(st.integers(3, 6), st.binary(max_size=64)),
    st.dictionaries(st.integers(3, 6), st.binary(max_size=64)),
)
def test_what_is_counted_by_chunks_is_what_is_there(now: dict[int, bytes], before: dict[int, bytes]) -> None:
    """The same as the bitmaps counted in one piece."""
    chunks, waiting = LaneChunks(), range(3, 7)
    due = chunks.due(waiting, AGE, NOW_MS)
    chunks.take(due, AGE, NOW_MS, now, before)
    frontier = 3 * CHUNK_RANKS + 37
    whole = [b"".join(held.get(chunk, b"").ljust(CHUNK_BYTES, b"\0") for chunk in waiting) for held in (now, before)]
    expected, shown = Presence(frontier, *whole), chunks.presence(frontier, waiting)

    assert chunks.fresh(waiting) == whole[0]
    assert shown.total == expected.total
    assert [shown.ahead(rank) for rank in range(frontier, 7 * CHUNK_RANKS, 997)] == [
        expected.ahead(rank) for rank in range(frontier, 7 * CHUNK_RANKS, 997)
    ]
