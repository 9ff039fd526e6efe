"""
A bit for each rank in this process: what a room in memory keeps where Redis keeps bitmaps.
"""

from waiting_room.core.presence import CHUNK_BYTES, merge


class Bitmap:
    """
    Hold a growing set of ranks, most significant bit first; a look at one rank costs the same however many there are.
    """

    __slots__ = ("bits",)

    def __init__(self) -> None:
        self.bits = bytearray()

    def add(self, rank: int) -> None:
        """
        Put *rank* into the set.
        """
        at = rank >> 3
        if at >= len(self.bits):
            self.bits.extend(bytes((at // CHUNK_BYTES + 1) * CHUNK_BYTES - len(self.bits)))
        self.bits[at] |= 0x80 >> (rank & 7)

    def discard(self, rank: int) -> bool:
        """
        Take *rank* out of the set; return whether it was in it.
        """
        held = rank in self
        if held:
            self.bits[rank >> 3] &= ~(0x80 >> (rank & 7))
        return held

    def __contains__(self, rank: int) -> bool:
        at = rank >> 3
        return at < len(self.bits) and bool(self.bits[at] & 0x80 >> (rank & 7))

    def join(self, first_chunk: int, bits: bytes) -> None:
        """
        Add the ranks of a bitmap that begins at *first_chunk*.
        """
        start = first_chunk * CHUNK_BYTES
        there = bytes(self.bits[start : start + len(bits)])
        self.bits.extend(bytes(max(0, start + len(bits) - len(self.bits))))
        self.bits[start : start + len(bits)] = merge(there, bits)

    def chunks(self, indexes: range) -> bytes:
        """
        Return the bits of the chunks *indexes*, every missing one zero.
        """
        start, end = indexes.start * CHUNK_BYTES, indexes.stop * CHUNK_BYTES
        return bytes(self.bits[start:end]).ljust(end - start, b"\0")
