"""
Counting in bitmaps, held against plain sets.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.makings import bits_of, presence
from waiting_room.core.presence import (
    CHUNK_BYTES,
    CHUNK_RANKS,
    CheckIns,
    PartedPresence,
    Presence,
    assemble,
    chunk_of,
    chunks_between,
    count_between,
    filled,
    merge,
    part_of,
)

# Places where a block (2,048 ranks), a chunk or a byte ends are where counting goes wrong.
EDGES = sorted({edge + step for edge in (0, 8, 2048, 4096, CHUNK_RANKS, CHUNK_RANKS + 2048) for step in range(-2, 3)})
RANKS = st.one_of(st.integers(0, 2 * CHUNK_RANKS), st.sampled_from([edge for edge in EDGES if edge >= 0]))
CROWDS = st.sets(RANKS, max_size=40)


def there(frontier: int, ranks: set[int]) -> tuple[Presence, list[int]]:
    """
    Return the presence of *ranks* and, as the model, the sorted list of those that count.
    """
    base = chunk_of(frontier) * CHUNK_RANKS
    return (
        presence({rank for rank in ranks if rank >= base}, frontier),
        sorted(rank for rank in ranks if rank >= frontier),
    )


@given(CROWDS, RANKS)
def test_the_total_is_of_those_at_or_beyond_the_frontier(ranks: set[int], frontier: int) -> None:
    """Bits before the frontier, in its own byte too, are not counted."""
    counted, model = there(frontier, ranks)

    assert counted.total == len(model)


@given(CROWDS, RANKS, RANKS)
def test_ahead_is_the_number_of_present_ranks_before(ranks: set[int], frontier: int, rank: int) -> None:
    """Oneself is not counted, nor is who has been called."""
    counted, model = there(frontier, ranks)

    assert counted.ahead(rank) == sum(other < rank for other in model)


@given(CROWDS, RANKS, RANKS)
def test_holds_tells_who_is_there_and_not_called(ranks: set[int], frontier: int, rank: int) -> None:
    """A called rank is not held, however often it checks in."""
    counted, model = there(frontier, ranks)

    assert counted.holds(rank) == (rank in model)


@given(CROWDS, RANKS)
def test_nth_names_each_present_rank_in_order(ranks: set[int], frontier: int) -> None:
    """From the first to the last, none twice and none left out."""
    counted, model = there(frontier, ranks)

    assert [counted.nth(count) for count in range(1, counted.total + 1)] == model


def test_a_whole_chunk_is_counted_to_the_last_bit() -> None:
    """65,536 present people: the last of them has 65,535 ahead."""
    counted = Presence(0, b"\xff" * CHUNK_BYTES)

    assert (counted.total, counted.ahead(CHUNK_RANKS - 1), counted.nth(CHUNK_RANKS)) == (
        CHUNK_RANKS,
        CHUNK_RANKS - 1,
        CHUNK_RANKS - 1,
    )


def test_nobody_is_there_without_bits() -> None:
    """No bitmap at all, as of a room that is new."""
    counted = Presence(70_001, b"")

    assert (counted.total, counted.ahead(90_000), counted.holds(70_001)) == (0, 0, False)


def test_bits_follow_the_order_of_setbit() -> None:
    """Rank 0 is the highest bit of the first byte, as Redis has it."""
    assert bits_of([0, 15]) == b"\x80\x01"
    assert Presence(0, b"\x80\x01").nth(2) == 15


@given(CROWDS, CROWDS)
def test_merge_is_the_union(first: set[int], second: set[int]) -> None:
    """Whichever of the two is longer, and where one is empty."""
    assert merge(bits_of(first), bits_of(second)).rstrip(b"\0") == bits_of(first | second)


@given(CROWDS, RANKS, RANKS, st.integers(0, 3))
def test_count_between_is_that_of_the_set(ranks: set[int], low: int, high: int, chunk: int) -> None:
    """From *low* up to but without *high*, wherever the bitmap begins and ends."""
    base = chunk * CHUNK_RANKS
    bits = bits_of({rank for rank in ranks if rank >= base}, base)
    low, high = sorted((low, high))

    assert count_between(bits, base, low, high) == sum(low <= rank < high and rank >= base for rank in ranks)


@given(CROWDS)
def test_check_ins_reach_the_store_as_they_were(ranks: set[int]) -> None:
    """Cut into chunks and put together again, the bits name the same ranks; the highest is known."""
    gathered = CheckIns()
    for rank in ranks:
        gathered.add(rank)
    whole = assemble(gathered.chunks(), range(4))

    assert whole.rstrip(b"\0") == bits_of(ranks)
    assert (gathered.count, gathered.highest) == (len(ranks), max(ranks, default=0))


@given(CROWDS, CROWDS)
def test_what_is_put_back_is_sent_with_the_rest(early: set[int], late: set[int]) -> None:
    """Check-ins that could not be sent join those that came since; neither is lost, nor is the highest number."""
    lost, gathered = CheckIns(), CheckIns()
    for rank in early:
        lost.add(rank)
    for rank in late:
        gathered.add(rank)
    for chunk, bits in lost.chunks().items():
        gathered.put_back(chunk, bits)

    assert assemble(gathered.chunks(), range(4)).rstrip(b"\0") == bits_of(early | late)
    assert gathered.highest == max(early | late, default=0)
    assert (gathered.count > 0) == bool(early | late)


def test_who_checks_in_after_something_was_put_back_is_kept() -> None:
    """A bitmap that is put back short leaves room for every rank of its chunk."""
    gathered = CheckIns()
    gathered.put_back(1, b"\x80")
    gathered.add(2 * CHUNK_RANKS - 1)

    assert Presence(CHUNK_RANKS, gathered.chunks()[1]).total == 2


@given(CROWDS, RANKS)
def test_who_leaves_takes_the_check_in_along(ranks: set[int], gone: int) -> None:
    """One rank is taken out, whether it was in or not; all others stay."""
    gathered = CheckIns()
    for rank in ranks:
        gathered.add(rank)
    gathered.drop(gone)

    assert assemble(gathered.chunks(), range(4)).rstrip(b"\0") == bits_of(ranks - {gone})


@pytest.mark.parametrize(
    ("low", "high", "chunks"), [(0, 0, [0]), (0, 65_535, [0]), (65_535, 65_536, [0, 1]), (131_072, 131_073, [2])]
)
def test_chunks_between_includes_both_ends(low: int, high: int, chunks: list[int]) -> None:
    """The rank on the border belongs to the chunk that begins with it."""
    assert list(chunks_between(low, high)) == chunks


@given(
    st.lists(st.sets(st.integers(0, CHUNK_RANKS - 1), max_size=30), min_size=1, max_size=3),
    st.integers(0, CHUNK_RANKS - 1),
    st.integers(0, 5),
)
def test_parts_are_counted_like_one_bitmap(crowds: list[set[int]], inside: int, first: int) -> None:
    """Chunk by chunk or all at once: the same people, before the same ranks."""
    frontier = first * CHUNK_RANKS + inside
    maps = [bits_of(crowd) for crowd in crowds]
    whole = Presence(frontier, b"".join(bits.ljust(CHUNK_BYTES, b"\0") for bits in maps))
    parts = PartedPresence(frontier, [part_of(bits) for bits in maps])
    ranks = [first * CHUNK_RANKS + at * CHUNK_RANKS + rank for at, crowd in enumerate(crowds) for rank in crowd]

    assert (parts.frontier, parts.total, parts.bits) == (whole.frontier, whole.total, whole.bits)
    assert [parts.ahead(rank) for rank in ranks] == [whole.ahead(rank) for rank in ranks]
    assert [parts.holds(rank) for rank in ranks] == [whole.holds(rank) for rank in ranks]
    assert [parts.nth(count) for count in range(1, parts.total + 1)] == sorted(
        rank for rank in ranks if rank >= frontier
    )


@given(st.binary(max_size=600), st.binary(max_size=600))
def test_a_part_holds_who_is_in_either_bitmap(bits: bytes, more: bytes) -> None:
    """And counts them once."""
    assert PartedPresence(0, [part_of(bits, more)]).bits == merge(bits, more).ljust(CHUNK_BYTES, b"\0")


FRONTIERS = (0, 1, 9, 2047, 2048, 2049, CHUNK_RANKS - 1, CHUNK_RANKS, CHUNK_RANKS + 9)
PLACES = [place for place in EDGES if place >= 0]
CROWD = {place for place in PLACES if place % 3 == 0}


@pytest.mark.parametrize("frontier", FRONTIERS)
def test_every_place_at_an_edge_is_told_apart(frontier: int) -> None:
    """Who is there, who is ahead and who is not, around the ends of bytes, blocks and chunks."""
    counted, model = there(frontier, CROWD)

    assert [place for place in PLACES if counted.holds(place)] == model
    assert [counted.ahead(place) for place in PLACES] == [sum(other < place for other in model) for place in PLACES]


@pytest.mark.parametrize("base", [0, CHUNK_RANKS])
def test_every_span_between_edges_is_counted(base: int) -> None:
    """Empty ones, those that end beyond the bitmap, and those that begin before it."""
    crowd = sorted(place for place in CROWD if place >= base)
    bits = bits_of(crowd, base)
    spans = [(low, high) for low in PLACES for high in (*PLACES, 10**6)]

    assert [count_between(bits, base, low, high) for low, high in spans] == [
        sum(low <= place < high for place in crowd) for low, high in spans
    ]


@pytest.mark.parametrize(("base", "low", "high"), [
    (0, 0, 0), (0, 1, 7), (0, 7, 8), (0, 0, 15), (0, 5, 70_000), (CHUNK_RANKS, CHUNK_RANKS + 3, CHUNK_RANKS + 40),
])  # fmt: skip
def test_a_filled_bitmap_holds_all_from_low_to_high(base: int, low: int, high: int) -> None:
    """Both ends included, and nobody else; it is no longer than it must be."""
    assert filled(base, low, high) == bits_of(range(low, high + 1), base)


def test_a_span_without_anybody_fills_nothing() -> None:
    """The end before the beginning."""
    assert filled(0, 8, 7) == b""


def test_each_of_a_byte_leaves_alone() -> None:
    """The other seven stay, and a chunk without anybody is not begun."""
    for gone in range(8):
        gathered = CheckIns()
        for rank in range(8):
            gathered.add(rank)
        gathered.drop(gone)
        gathered.drop(CHUNK_RANKS + gone)

        assert gathered.chunks() == {0: bits_of(set(range(8)) - {gone})}


def test_check_ins_that_look_like_blanks_are_sent() -> None:
    """The ranks of one byte may spell a space: only zeros are cut off."""
    gathered = CheckIns()
    for rank in (2, 10, 17, 19, 20):
        gathered.add(rank)

    assert gathered.chunks() == {0: b"\x20\x20\x58"}


def test_what_is_put_back_is_counted_with_the_rest() -> None:
    """Three that could not be sent and one that came since; the highest of them is known."""
    gathered = CheckIns()
    gathered.add(4)
    gathered.put_back(0, bits_of([1, 2, 12]))

    assert (gathered.count, gathered.highest) == (4, 12)


@pytest.mark.parametrize("inside", [1, 7, 8, 2047])
def test_the_frontier_divides_the_first_part(inside: int) -> None:
    """Who stands right before it has been called, who stands on it is next."""
    parts = PartedPresence(inside, [part_of(bits_of([inside - 1, inside, inside + 1, 2049]))])

    assert [parts.holds(rank) for rank in (inside - 1, inside, inside + 1)] == [False, True, True]
    assert (parts.total, parts.nth(1)) == (3, inside)


CROWDS = st.sets(st.integers(0, 9000), max_size=30)


@given(CROWDS, CROWDS, st.integers(0, 9000))
def test_who_is_in_either_of_two_bitmaps_is_present(one: set[int], other: set[int], frontier: int) -> None:
    """However long each of them is; from the frontier on."""
    both = Presence(frontier, bits_of(one), bits_of(other))

    assert both.total == len({rank for rank in one | other if rank >= frontier})
    assert all(both.holds(rank) is (rank >= frontier) for rank in one | other)
