"""
What a lane of a room in memory holds: the same as in Redis.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from waiting_room.core.draw import Order
from waiting_room.core.prequeue import Gap, assumed_bits, before_gaps
from waiting_room.core.presence import Presence, chunks_between
from waiting_room.core.snapshot import LaneSnapshot
from waiting_room.store.bitmap import Bitmap
from waiting_room.store.memory_calls import MemoryCalls

GAPS_KEPT: Final = 32
"""More losses than any pre-queue outlives."""


class Joined(NamedTuple):
    """
    Remember a join: the number, the rank of the seat that was taken with it (0: none), and until when.
    """

    number: int
    rank: int
    until_ms: int


@dataclass(slots=True)
class MemoryLane:
    """
    Hold what Redis holds of a lane.
    """

    issued: int = 0
    frontier: int = 1
    high_water: int = 0
    credit: int = 0
    present: Bitmap = field(default_factory=Bitmap)
    before: Bitmap = field(default_factory=Bitmap)
    calls: MemoryCalls = field(default_factory=MemoryCalls)
    draw_first: int = 0
    gaps: tuple[Gap, ...] = ()

    def lift(self, issued: int, frontier: int, high_water: int) -> None:
        """
        Raise the counters to what somebody remembers; a lower one changes nothing.
        """
        self.issued = max(self.issued, issued)
        self.frontier = max(self.frontier, frontier)
        self.high_water = max(self.high_water, high_water)

    def leave_out(self, issued: int, high_water: int) -> None:
        """
        Raise the last number to *issued*, which is known of, and on to *high_water*: those in between are nobody's.
        """
        self.lift(issued, 0, 0)
        if self.issued < high_water:
            self.remember_gaps((Gap(self.issued + 1, high_water),))
            self.lift(high_water, 0, 0)

    def remember_gaps(self, gaps: Iterable[Gap]) -> None:
        """
        Take over what is known of numbers that were left out.
        """
        self.gaps = tuple(dict.fromkeys((*self.gaps, *gaps)))[-GAPS_KEPT:]

    def gather(self, *, recent: bool) -> None:
        """
        Let those who join from now on wait for a draw; *recent*: who got one of the numbers that a loss left out may
        have come since the pre-queue began, and is drawn as well.
        """
        first = self.issued + 1
        if recent:
            first = max(before_gaps(first, self.gaps), min(first, self.frontier))
        self.draw_first = self.draw_first or first

    def forget_presence(self) -> None:
        """
        Forget who was there: the ranks are others now.
        """
        self.present, self.before = Bitmap(), Bitmap()

    def read(self, now_ms: int, orders: tuple[Order, ...], *, gathers: bool, assumed: bool) -> LaneSnapshot:
        """
        Return the lane as it is at this moment, with the *orders* that the draws of its room gave it.
        """
        chunks = chunks_between(self.frontier, max(self.frontier, self.issued))
        fresh = self.present.chunks(chunks)
        before = assumed_bits(self.frontier, orders, self.gaps) if assumed else self.before.chunks(chunks)
        return LaneSnapshot(
            issued=self.issued,
            frontier=self.frontier,
            high_water=self.high_water,
            presence=Presence(self.frontier, fresh, before),
            fresh=fresh,
            cohorts=self.calls.cohorts(now_ms),
            credit=self.credit / 1e6,
            orders=orders,
            early_from=(self.draw_first or 1) if gathers else 0,
            gaps=self.gaps,
        )
