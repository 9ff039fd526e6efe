"""
Whom the steps of a lane in memory have called: who stands at the door, and who got in.

Redis' bitmaps are counted at each snapshot. Here each claim is counted when it comes: a step of a simulated room with
three hundred cohorts costs no more than one with three.
"""

from bisect import bisect_right
from collections import OrderedDict
from typing import Final

from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.presence import count_between
from waiting_room.core.snapshot import Cohort
from waiting_room.store.bitmap import Bitmap

COHORTS_KEPT: Final = 300


class _Tally:
    """
    Count what becomes of one cohort; *seen* is the cohort as it was told last, None when something has changed since.
    """

    __slots__ = ("at_door", "at_ms", "claimed", "high", "low", "present", "seen")

    def __init__(self, step: Cohort) -> None:
        self.at_ms, self.low, self.high, self.present, self.claimed, self.at_door = step
        self.seen: Cohort | None = step

    def look(self) -> Cohort:
        seen = self.seen = Cohort(self.at_ms, self.low, self.high, self.present, self.claimed, self.at_door)
        return seen


class MemoryCalls:
    """
    Hold who of a lane has *claimed*, and its last `COHORTS_KEPT` cohorts with their claims and who is at the door.
    """

    __slots__ = ("_door", "_lows", "_tallies", "claimed")

    def __init__(self) -> None:
        self.claimed = Bitmap()
        self._door: OrderedDict[int, int] = OrderedDict()
        self._lows: list[int] = []
        self._tallies: list[_Tally] = []

    def _tally(self, rank: int) -> _Tally | None:
        at = bisect_right(self._lows, rank) - 1
        if at < 0:
            return None
        tally = self._tallies[at]
        return tally if rank < tally.high else None

    def claim(self, rank: int) -> None:
        """
        Note that *rank*, which had not, has got in.
        """
        self.claimed.add(rank)
        tally = self._tally(rank)
        if tally is not None:
            tally.claimed += 1
            tally.seen = None
        self._leave_door(rank)

    def wait(self, rank: int, now_ms: int) -> None:
        """
        Note that *rank* stands at the door.
        """
        door = self._door
        if rank in door:
            door[rank] = now_ms
            door.move_to_end(rank)
            return
        door[rank] = now_ms
        tally = self._tally(rank)
        if tally is not None:
            tally.at_door += 1
            tally.seen = None

    def _leave_door(self, rank: int) -> None:
        if self._door.pop(rank, None) is None:
            return
        tally = self._tally(rank)
        if tally is not None:
            tally.at_door -= 1
            tally.seen = None

    def note(self, step: Cohort) -> None:
        """
        Add a step to the cohort of its second, or begin one.

        Who went straight in between the two steps of a cohort lies between its ranks, and counts with it.
        """
        last = self._tallies[-1] if self._tallies else None
        if last is None or last.at_ms // 1000 != step.at_ms // 1000:
            self._tallies.append(_Tally(step))
            self._lows.append(step.low)
            del self._tallies[:-COHORTS_KEPT], self._lows[:-COHORTS_KEPT]
            return
        if last.high < step.low:
            last.claimed += count_between(self.claimed.bits, 0, last.high, step.low)
            last.at_door += sum(last.high <= rank < step.low for rank in self._door)
        last.high, last.present, last.seen = step.high, last.present + step.present, None

    def cohorts(self, now_ms: int) -> tuple[Cohort, ...]:
        """
        Return the cohorts as they are at this moment, the oldest first.
        """
        gone = []
        for rank, seen_ms in self._door.items():
            if seen_ms > now_ms - DOOR_MS:
                break
            gone.append(rank)
        for rank in gone:
            self._leave_door(rank)
        return tuple([tally.seen or tally.look() for tally in self._tallies])
