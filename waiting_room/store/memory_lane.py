"""
What a lane of a room in memory holds: the same as in Redis.
"""

from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from waiting_room.core.draw import Order
from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.presence import Presence, chunks_between
from waiting_room.core.snapshot import Cohort, LaneSnapshot
from waiting_room.store.bitmap import Bitmap
from waiting_room.store.replies import assumed_bits, counted

COHORTS_KEPT: Final = 300


@dataclass(slots=True)
class Held:
    """
    Hold a seat's ends, its issue and its hard end; the stage of its visit, since when, and the visitor.
    """

    end_ms: int
    issued_ms: int
    hard_end_ms: int
    visitor: str = ""
    stage: str = ""
    since_ms: int = 0


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
    claimed: Bitmap = field(default_factory=Bitmap)
    door: dict[int, int] = field(default_factory=dict)
    cohorts: list[Cohort] = field(default_factory=list)
    draw_first: int = 0

    def lift(self, issued: int, frontier: int, high_water: int) -> None:
        """
        Raise the counters to what somebody remembers; a lower one changes nothing.
        """
        self.issued = max(self.issued, issued)
        self.frontier = max(self.frontier, frontier)
        self.high_water = max(self.high_water, high_water)

    def note_cohort(self, step: Cohort) -> None:
        """
        Add a step to the cohort of its second, or begin one.
        """
        last = self.cohorts[-1] if self.cohorts else None
        if last is not None and last.at_ms // 1000 == step.at_ms // 1000:
            self.cohorts[-1] = replace(last, high=step.high, present=last.present + step.present)
        else:
            self.cohorts.append(step)
            del self.cohorts[:-COHORTS_KEPT]

    def read(self, now_ms: int, orders: tuple[Order, ...], *, gathers: bool, assumed: bool) -> LaneSnapshot:
        """
        Return the lane as it is at this moment, with the *orders* that the draws of its room gave it.
        """
        self.door = {rank: seen_ms for rank, seen_ms in self.door.items() if seen_ms > now_ms - DOOR_MS}
        at_door = sorted(self.door)
        chunks = chunks_between(self.frontier, max(self.frontier, self.issued))
        fresh = self.present.chunks(chunks)
        return LaneSnapshot(
            issued=self.issued,
            frontier=self.frontier,
            high_water=self.high_water,
            presence=Presence(
                self.frontier, fresh, assumed_bits(self.frontier, orders) if assumed else self.before.chunks(chunks)
            ),
            fresh=fresh,
            cohorts=tuple(counted(cohort, self.claimed.bits, 0, at_door) for cohort in self.cohorts),
            credit=self.credit / 1e6,
            orders=orders,
            early_from=(self.draw_first or 1) if gathers else 0,
        )
