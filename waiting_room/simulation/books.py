"""
The simulator's own books: who holds which number, how full the door's bucket may be, who is inside until when.

They are kept from replies alone, apart from what the store and the core keep for themselves.
"""

from array import array
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Final

from waiting_room.core.pacing import TICK_MS
from waiting_room.core.policy import Policy

_ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""
_WHO_BITS: Final = 24
_WHO: Final = (1 << _WHO_BITS) - 1


class LaneBook:
    """
    Hold who holds which number of a lane and who which rank, when each rank was seen last, below which rank all have
    been called, and the calls in their order.

    Until a draw the ranks are the numbers. *index* tells a room's lanes apart; *early* are the lowest and the highest
    number of those who were told to wait for a draw.
    """

    __slots__ = ("calls", "early", "frontier", "holder", "index", "last", "ranked", "seen_ms")

    def __init__(self, index: int = 0) -> None:
        self.index = index
        self.holder = array("i", [-1]) * 1024
        self.ranked = self.holder
        self.seen_ms = array("q", [0]) * 1024
        self.frontier = 1
        self.last = 0
        self.calls = array("i")
        self.early: tuple[int, int] | None = None

    def who(self, rank: int) -> int:
        """
        Return who holds *rank*, -1 for nobody.
        """
        return self.ranked[rank] if rank <= self.last else -1

    def note(self, number: int, who: int) -> int:
        """
        Give *number* to *who*, and return whose it was before, -1 for nobody's.
        """
        self._reach(number)
        before, self.holder[number] = self.holder[number], who
        self.ranked[number] = who
        return before

    def vacate(self, rank: int) -> None:
        """
        Note that the place of *rank* is given up; whose the number was stays known.
        """
        if self.ranked is self.holder:
            self.ranked = self.holder[:]
        self.ranked[rank] = -1

    def note_early(self, number: int) -> None:
        """
        Note that the holder of *number* waits for a draw.
        """
        low, high = self.early or (number, number)
        self.early = min(low, number), max(high, number)

    def draw(self, first: int, ranks: Sequence[int], seen_ms: int) -> None:
        """
        Give the numbers from *first* on their *ranks*; all of them count as seen at *seen_ms*.

        A loss may have left out the last of them, so that nobody holds them.
        """
        self._reach(first + len(ranks) - 1)
        ranked = self.ranked[:]
        for number, rank in enumerate(ranks, first):
            ranked[rank] = self.holder[number]
            self.seen_ms[rank] = seen_ms
        self.ranked, self.early = ranked, None

    def _reach(self, number: int) -> None:
        """
        Make room for all up to *number*.
        """
        holder, more = self.holder, number - len(self.holder) + 1024
        if number >= len(holder):
            holder.extend(array("i", [-1]) * more)
            self.seen_ms.extend(array("q", [0]) * more)
            if self.ranked is not holder:
                self.ranked.extend(array("i", [-1]) * more)
        self.last = max(self.last, number)


class Door:
    """
    Hold a leaky bucket that overflows when, and only when, some window of time held more admissions than its length
    times the rate, and a tick's burst.
    """

    __slots__ = ("_at_ms", "_depth", "_level", "_rate")

    def __init__(self, policy: Policy, now_ms: int) -> None:
        self._rate = policy.rate_per_minute
        self._depth = _depth(self._rate)
        self._level = 0
        self._at_ms = now_ms

    def change(self, rate_per_minute: int, now_ms: int) -> None:
        """
        Hold to another rate from now on; what an earlier burst allowed stays so until the bucket is empty.
        """
        self._drain(now_ms)
        self._rate = rate_per_minute
        depth = _depth(rate_per_minute)
        self._depth = max(self._depth, depth) if self._level else depth

    def admit(self, now_ms: int) -> float:
        """
        Count an admission, and return by how many the bound is exceeded.
        """
        if now_ms != self._at_ms:
            self._drain(now_ms)
        self._level += _ADMISSION
        return max(0, self._level - self._depth) / _ADMISSION

    def has_room(self, now_ms: int) -> bool:
        """
        Tell whether one more may go in.
        """
        level = max(0, self._level - (now_ms - self._at_ms) * self._rate)
        return level + _ADMISSION <= (self._depth if level else _depth(self._rate))

    def _drain(self, now_ms: int) -> None:
        self._level -= (now_ms - self._at_ms) * self._rate
        self._at_ms = now_ms
        if self._level <= 0:
            self._level = 0
            self._depth = _depth(self._rate)


class Seats:
    """
    Hold until when each of *count* visitors has a seat (0: none), and how many have one.
    """

    __slots__ = ("_ends", "end_ms", "held")

    def __init__(self, count: int) -> None:
        self.end_ms = array("q", [0]) * count
        self.held = 0
        self._ends: list[int] = []

    def take(self, who: int, end_ms: int) -> None:
        """
        Give *who* a seat until *end_ms*, in place of one that they have.
        """
        if not self.end_ms[who]:
            self.held += 1
            heappush(self._ends, end_ms << _WHO_BITS | who)
        self.end_ms[who] = end_ms

    def shorten(self, who: int, end_ms: int) -> None:
        """
        Let the seat of *who* end at *end_ms*, where that is earlier.
        """
        if end_ms < self.end_ms[who]:
            self.end_ms[who] = end_ms
            heappush(self._ends, end_ms << _WHO_BITS | who)

    def free(self, who: int) -> None:
        """
        Take the seat of *who* back, where there is one.
        """
        if self.end_ms[who]:
            self.end_ms[who] = 0
            self.held -= 1

    def release_due(self, now_ms: int) -> None:
        """
        Free the seats whose end has come.
        """
        ends, end_of = self._ends, self.end_ms
        while ends and ends[0] >> _WHO_BITS <= now_ms:
            who = heappop(ends) & _WHO
            end_ms = end_of[who]
            if end_ms > now_ms:
                heappush(ends, end_ms << _WHO_BITS | who)
            else:
                self.free(who)


def _depth(rate_per_minute: int) -> int:
    return max(_ADMISSION, rate_per_minute * TICK_MS)
