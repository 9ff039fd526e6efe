"""
Who is there, by the simulator's books: what a position that is shown may count, and what it must.

A check-in counts for the rest of its presence slot and for the whole next one, and reaches the store within *late_ms*.
So a position counts nobody whom the room has not heard of since the slot before the present one began, and leaves out
nobody who has been there all the time as told.
"""

from array import array
from typing import Final

from waiting_room.core.snapshot import NO_LANE, Snapshot
from waiting_room.simulation.books import LaneBook

_EARNED: Final = 16
"""Ranks that may be counted for each poll: all positions are checked where few wait, of a crowd's as many as cost a
twentieth of the run."""
_SAVED: Final = 100_000
_SLOTS_KEPT: Final = 16


class Present:
    """
    Hold when the slots began, who is there, and who has been there without a gap.

    *due_ms*: by visitor, until when one who polls as told is there (0: gone, late, or not known to be there).
    *steady*: 1 for those who have asked as told ever since they joined. A check-in reaches the store within *late_ms*.
    """

    def __init__(self, count: int, start_ms: int, late_ms: int) -> None:
        self.steady = bytearray(count)
        self.due_ms = array("q", [0]) * count
        self._missed = bytearray(count)
        self._known_ms = array("q", [0]) * count
        self.checked = 0
        self._late_ms = late_ms
        self._since_ms = {start_ms: start_ms}
        self._slot_ms = start_ms
        self._restored = 0
        self._earned = 0

    def slot(self, began_ms: int) -> None:
        """
        Note a slot; what a loss of state has put back came in one before it.
        """
        if began_ms in self._since_ms:
            return
        before_ms = self._slot_ms
        self._since_ms[began_ms] = self._since_ms[before_ms] if self._restored > 0 else before_ms
        self._restored -= 1
        self._slot_ms = began_ms
        if len(self._since_ms) > _SLOTS_KEPT:
            del self._since_ms[min(self._since_ms)]

    def lost(self) -> None:
        """
        Note that state is lost: nobody is known to be there, and check-ins that are put back live on for two slots.
        """
        self.steady = bytearray(len(self.steady))
        self.due_ms = array("q", [0]) * len(self.steady)
        self._missed = bytearray(b"\1") * len(self.steady)
        self._restored = 3

    def gone(self, who: int) -> None:
        """
        Note that *who* does not wait in sight any more: left, was called or let in, or asks otherwise than as told.
        """
        self.due_ms[who] = 0

    def missed(self, who: int) -> None:
        """
        Note that what *who* has asked may not reach the store.
        """
        self.due_ms[who], self._missed[who] = 0, 1

    def told(self, who: int, now_ms: int, until_ms: int) -> None:
        """
        Note that *who* has asked, and is there until *until_ms*.

        Of one whose check-ins are lost no other tells the store: this one has to arrive first.
        """
        self.due_ms[who] = until_ms
        if self._missed[who]:
            self._missed[who], self._known_ms[who] = 0, now_ms + self._late_ms

    def waits(self, who: int, now_ms: int) -> bool:
        """
        Return whether *who* is there, and the store has heard of it.
        """
        return self.due_ms[who] >= now_ms >= self._known_ms[who]

    def since_ms(self, slot_at_ms: int) -> int:
        """
        Return since when somebody must have asked to be counted in the slot that began at *slot_at_ms*.
        """
        began_ms = self._since_ms.get(slot_at_ms)
        return 0 if began_ms is None else began_ms - self._late_ms

    def bounds(self, book: LaneBook, lane: str, rank: int, told_from: Snapshot, now_ms: int) -> tuple[int, int] | None:
        """
        Return the least and the highest position that *rank* may be shown by a worker that sees *told_from*; None where
        counting would cost too much this time.
        """
        low = told_from.lanes.get(lane, NO_LANE).frontier
        cost = rank - low
        self._earned = min(_SAVED, self._earned + _EARNED)
        if cost > self._earned:
            return None
        self._earned -= cost
        self.checked += 1
        steady, due_ms, first = self.steady, self.due_ms, max(low, book.frontier)
        surely = sum(who >= 0 and steady[who] and due_ms[who] >= now_ms for who in book.ranked[first:rank])
        heard = sum(map(self.since_ms(told_from.slot_at_ms).__le__, book.seen_ms[low:rank]))
        return surely + 1, heard + 1
