"""
What was read of a lane's check-ins, and which of it must be read again: a crowd of millions is not read at every step.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from waiting_room.core.presence import Part, PartedPresence, Presence, assemble, part_of

NEAR: Final = 4
"""The chunks behind the frontier that every snapshot reads: a quarter of a million are next in line."""
LAST: Final = 2
"""The chunks before the last number that every snapshot reads: newcomers stand there."""
FAR_MS: Final = 1000
"""The others are as old as this at the most, as check-ins are that wait to be sent."""
_TURNS: Final = 4
_NOTHING: Final = part_of(b"")


class LaneChunks:
    """
    Keep the bitmaps of a lane by chunk, counted.

    Chunks far behind the frontier are read a quarter at a time, so that no step has to read them all. A new slot or
    epoch makes all that is held worthless.
    """

    __slots__ = ("_age", "_fresh", "_parts", "_read_again_ms")

    def __init__(self) -> None:
        self._age: tuple[int, ...] = ()
        self._fresh: dict[int, bytes] = {}
        self._parts: dict[int, Part] = {}
        self._read_again_ms: dict[int, int] = {}

    def due(self, waiting: range, age: tuple[int, ...], now_ms: int) -> list[int]:
        """
        Return the chunks of *waiting* that must be read now; *age* is what changes when all of them must.
        """
        if age != self._age:
            self._age = age
            self._read_again_ms.clear()
        near, last = waiting.start + NEAR, waiting.stop - LAST
        again = self._read_again_ms
        return [chunk for chunk in waiting if not near <= chunk < last or again.get(chunk, 0) <= now_ms]

    def take(
        self, read: Sequence[int], age: tuple[int, ...], now_ms: int, present: Mapping[int, bytes],
        before: Mapping[int, bytes],
    ) -> None:  # fmt: skip
        """
        Keep what was *read* of the chunks at *age*; what another snapshot has made worthless meanwhile is dropped.
        """
        if age != self._age:
            return
        for chunk in read:
            known = chunk in self._read_again_ms
            self._read_again_ms[chunk] = now_ms + (FAR_MS if known else FAR_MS // _TURNS * (1 + chunk % _TURNS))
            self._fresh[chunk] = present.get(chunk, b"")
            self._parts[chunk] = part_of(self._fresh[chunk], before.get(chunk, b""))

    def forget_below(self, first: int) -> None:
        """
        Forget the chunks below *first*: all their ranks have been called.
        """
        for chunk in [chunk for chunk in self._parts if chunk < first]:
            del self._fresh[chunk], self._parts[chunk]
            self._read_again_ms.pop(chunk, None)

    def presence(self, frontier: int, waiting: range) -> Presence:
        """
        Return who is there.
        """
        return PartedPresence(frontier, [self._parts.get(chunk, _NOTHING) for chunk in waiting])

    def fresh(self, waiting: range) -> bytes:
        """
        Return the check-ins of this slot as one bitmap.
        """
        return assemble(self._fresh, waiting)
