"""
Who is really there: bitmaps of ranks, and counting in them.

A bit per rank, most significant bit first as Redis keeps it (SETBIT 0 is 0x80 of the first byte), cut into chunks
of 65,536 ranks (8 KiB). An index over the bits between frontier and the last number answers "how many live people
stand before this rank" by one prefix sum and one population count of at most 2,048 bits.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

CHUNK_RANKS: Final = 65_536
CHUNK_BYTES: Final = CHUNK_RANKS // 8
_BLOCK_BITS: Final = 11
_BLOCK_RANKS: Final = 1 << _BLOCK_BITS
_INSIDE: Final = _BLOCK_RANKS - 1
_BLOCK_BYTES: Final = _BLOCK_RANKS // 8


def chunk_of(rank: int) -> int:
    """
    Return the chunk that holds *rank*.
    """
    return rank // CHUNK_RANKS


def chunks_between(low: int, high: int) -> range:
    """
    Return the chunks that hold the ranks *low* to *high* (both included).
    """
    return range(low // CHUNK_RANKS, high // CHUNK_RANKS + 1)


def merge(first: bytes, second: bytes) -> bytes:
    """
    Return the union of two bitmaps that begin at the same rank, as long as the longer one.
    """
    if not first or not second:
        return first or second
    size = max(len(first), len(second))
    union = int.from_bytes(first.ljust(size, b"\0")) | int.from_bytes(second.ljust(size, b"\0"))
    return union.to_bytes(size)


def assemble(chunks: Mapping[int, bytes], indexes: Iterable[int]) -> bytes:
    """
    Return the bitmaps of consecutive chunks as one, every missing byte filled with zeros.
    """
    return b"".join(chunks.get(index, b"").ljust(CHUNK_BYTES, b"\0") for index in indexes)


def filled(base: int, low: int, high: int) -> bytes:
    """
    Return the bitmap that begins at rank *base* and in which the ranks *low* to *high* (both included) are present.
    """
    if high < low:
        return b""
    size = (high - base) // 8 + 1
    ranks = ((1 << (high - low + 1)) - 1) << (size * 8 - 1 - (high - base))
    return ranks.to_bytes(size)


class CheckIns:
    """
    Gather check-ins as bitmaps, so that thousands go to the store as a few strings.
    """

    __slots__ = ("_chunks", "count", "highest")

    def __init__(self) -> None:
        self._chunks: dict[int, bytearray] = {}
        self.count = 0
        self.highest = 0

    def add(self, rank: int) -> None:
        """
        Note that *rank* is there.
        """
        chunk, offset = divmod(rank, CHUNK_RANKS)
        bits = self._chunks.get(chunk)
        if bits is None:
            bits = self._chunks[chunk] = bytearray(CHUNK_BYTES)
        bits[offset >> 3] |= 0x80 >> (offset & 7)
        self.count += 1
        if rank > self.highest:  # noqa: PLR1730 - this runs at every poll, and max() takes three times as long
            self.highest = rank

    def put_back(self, chunk: int, bits: bytes) -> None:
        """
        Add the bitmap of a chunk that could not be sent.
        """
        whole = merge(bytes(self._chunks.get(chunk, b"")), bits).ljust(CHUNK_BYTES, b"\0")
        self._chunks[chunk] = bytearray(whole)
        ranks = int.from_bytes(bits)
        if ranks:
            last_bit = (ranks & -ranks).bit_length()
            self.highest = max(self.highest, chunk * CHUNK_RANKS + len(bits) * 8 - last_bit)
        self.count += ranks.bit_count()

    def drop(self, rank: int) -> None:
        """
        Forget that *rank* was there: it has left.
        """
        chunk, offset = divmod(rank, CHUNK_RANKS)
        bits = self._chunks.get(chunk)
        if bits is not None:
            bits[offset >> 3] &= ~(0x80 >> (offset & 7))

    def chunks(self) -> dict[int, bytes]:
        """
        Return the bitmap of each chunk, without the zeros at its end.
        """
        return {index: bytes(bits).rstrip(b"\0") for index, bits in self._chunks.items()}


class Part(NamedTuple):
    """
    Hold a chunk that is ready to be counted: its ranks in blocks, and how many there are in each.
    """

    blocks: tuple[int, ...]
    counts: tuple[int, ...]


def part_of(bits: bytes, more: bytes = b"") -> Part:
    """
    Return the part of a whole chunk, of which *bits* and *more* are bitmaps: who is in either is in it.
    """
    both = merge(bits, more).ljust(CHUNK_BYTES, b"\0")
    blocks = tuple(_blocks_of(both, 0))
    return Part(blocks, tuple(map(int.bit_count, blocks)))


class Presence:
    """
    Count the present ranks from *frontier* on; immutable.

    *bits* begins at the chunk of *frontier*, and so does *more*: who is in either is present. Ranks before the frontier
    are not counted.
    """

    __slots__ = ("_base", "_blocks", "_sums", "frontier", "total")

    def __init__(self, frontier: int, bits: bytes, more: bytes = b"") -> None:
        self.frontier = frontier
        self._base = chunk_of(frontier) * CHUNK_RANKS
        skipped, inside = divmod(frontier - self._base, _BLOCK_RANKS)
        blocks = _blocks_of(merge(bits, more) if more else bits, skipped)
        if blocks and inside:
            blocks[0] &= (1 << (_BLOCK_RANKS - inside)) - 1
        self._blocks = [0] * skipped + blocks
        self._sums = [0, *accumulate(map(int.bit_count, self._blocks))]
        self.total = self._sums[-1]

    @property
    def bits(self) -> bytes:
        """
        Return the bitmap of those who are counted; it begins at the chunk of the frontier.
        """
        return b"".join(block.to_bytes(_BLOCK_BYTES) for block in self._blocks)

    def ahead(self, rank: int) -> int:
        """
        Return how many present ranks stand between the frontier and *rank*, which itself is not counted.
        """
        offset = rank - self._base
        if offset <= 0:
            return 0
        block = offset >> _BLOCK_BITS
        try:
            ranks = self._blocks[block]
        except IndexError:
            return self.total
        return self._sums[block] + (ranks >> (_BLOCK_RANKS - (offset & _INSIDE))).bit_count()

    def holds(self, rank: int) -> bool:
        """
        Return whether *rank* is at or beyond the frontier and present.
        """
        block, inside = divmod(rank - self._base, _BLOCK_RANKS)
        return 0 <= block < len(self._blocks) and bool(self._blocks[block] >> (_BLOCK_RANKS - 1 - inside) & 1)

    def nth(self, count: int) -> int:
        """
        Return the rank of the *count*-th present one, counted from the frontier, 1 for the first.

        *count* is between 1 and `total`.
        """
        block = bisect_left(self._sums, count) - 1
        missing = count - self._sums[block]
        bits = self._blocks[block]
        low, high = 0, _BLOCK_RANKS - 1
        while low < high:
            middle = (low + high) // 2
            if (bits >> (_BLOCK_RANKS - 1 - middle)).bit_count() >= missing:
                high = middle
            else:
                low = middle + 1
        return self._base + block * _BLOCK_RANKS + low


class PartedPresence(Presence):
    """
    Count the present ranks of consecutive chunks, *parts*, the first of which is that of *frontier*.

    What was counted in a chunk is not counted again, but in the one that the frontier divides.
    """

    __slots__ = ()

    def __init__(self, frontier: int, parts: Sequence[Part]) -> None:
        self.frontier = frontier
        self._base = chunk_of(frontier) * CHUNK_RANKS
        skipped, inside = divmod(frontier - self._base, _BLOCK_RANKS)
        first, rest = parts[0], parts[1:]
        divided = first.blocks[skipped] & ((1 << (_BLOCK_RANKS - inside)) - 1)
        self._blocks = [*[0] * skipped, divided, *first.blocks[skipped + 1 :]]
        self._blocks.extend(chain.from_iterable(part.blocks for part in rest))
        counts = chain.from_iterable(part.counts for part in rest)
        self._sums = [
            *[0] * (skipped + 1),
            *accumulate(chain((divided.bit_count(),), first.counts[skipped + 1 :], counts)),
        ]
        self.total = self._sums[-1]


def _blocks_of(bits: bytes, first: int) -> list[int]:
    """
    Return the blocks of *bits* from the block *first* on as numbers, the last one filled up with zeros.
    """
    whole = len(bits) // _BLOCK_BYTES * _BLOCK_BYTES
    starts = range(first * _BLOCK_BYTES, whole, _BLOCK_BYTES)
    blocks = [int.from_bytes(bits[at : at + _BLOCK_BYTES]) for at in starts]
    if whole < len(bits) and whole >= first * _BLOCK_BYTES:
        blocks.append(int.from_bytes(bits[whole:].ljust(_BLOCK_BYTES, b"\0")))
    return blocks


def count_between(bits: bytes | bytearray, base: int, low: int, high: int) -> int:
    """
    Return how many of the ranks *low* to *high* − 1 are set in *bits*, which begin at rank *base*.
    """
    start, end = max(0, low - base), min(high - base, len(bits) * 8)
    if start >= end:
        return 0
    ranks = int.from_bytes(bits[start // 8 : (end + 7) // 8])
    ranks >>= -end % 8
    return (ranks & ((1 << (end - start)) - 1)).bit_count()
