"""
What the store knew of a room at one moment: the input of every decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

from waiting_room.core.agenda import NO_RATE, NOTHING_PLANNED, Agenda
from waiting_room.core.audit import NO_HEAD, Head
from waiting_room.core.calendar import due, next_opening_ms
from waiting_room.core.draw import Order
from waiting_room.core.lanes import STANDARD_LANE, Lane
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import Drawn, Gap, Promise
from waiting_room.core.presence import Presence
from waiting_room.core.reasons import Reason
from waiting_room.core.shadow import Shadow
from waiting_room.core.shop import UNKNOWN_SHOP, Shop

BEYOND: Final = 1 << 32
"""No position, for the snapshot is older than the numbers of which the rank is one."""


class Cohort(NamedTuple):
    """
    Hold those whom one step of the frontier called: of *present* people in [*low*, *high*), *claimed* have got in, and
    *at_door* came within the last seconds and were told to wait for a seat or for the pace.
    """

    at_ms: int
    low: int
    high: int
    present: int
    claimed: int = 0
    at_door: int = 0


@dataclass(frozen=True, slots=True)
class LaneSnapshot:
    """
    Hold the counters of a lane and the people between its frontier and its last number.

    *frontier*: all ranks below it have been called. *issued*: the last number given out. *high_water*: no number above
    it is given out before it is raised. *credit*: the calls that the lane is owed, or has had too many of, less than
    one. *fresh*: the check-ins of the present slot alone, while *presence* counts those of the last one too. *orders*:
    those of the draws that the lane took part in, the latest first. *early_from*: from this number on all wait for a
    draw and have no rank yet, 0 where none is to come. *gaps*: the numbers that the last losses have left
    out, and that are nobody's.
    """

    issued: int
    frontier: int
    high_water: int
    presence: Presence = field(repr=False)
    fresh: bytes = field(repr=False, default=b"")
    cohorts: tuple[Cohort, ...] = ()
    credit: float = 0.0
    orders: tuple[Order, ...] = field(repr=False, default=())
    early_from: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def waiting(self) -> int:
        """
        Return how many present people have not been called.
        """
        return self.presence.total

    def rank_of(self, number: int) -> int:
        """
        Return the place of *number* in the order of this lane: where a draw has put it, else the number itself.
        """
        for order in self.orders:
            if order.first <= number <= order.last:
                return order.rank_of(number)
        return number

    def is_early(self, number: int) -> bool:
        """
        Return whether *number* waits for a draw.
        """
        return 0 < self.early_from <= number

    def position(self, rank: int) -> int:
        """
        Return the place of *rank* among those who are really there: 1 for the next one, 0 for one who is called,
        `BEYOND` where the snapshot cannot tell.

        Who joined after the snapshot stands behind all that it holds, and behind all who joined in between. A rank
        above the high-water mark is of a room that has lost writes since and went on above it: most of the numbers in
        between are nobody's.
        """
        if rank < self.frontier:
            return 0
        if rank > self.issued:
            if rank > self.high_water > 0:
                return BEYOND
            return self.presence.total + rank - max(self.issued, self.frontier - 1)
        return self.presence.ahead(rank) + 1


NO_LANE = LaneSnapshot(issued=0, frontier=1, high_water=0, presence=Presence(1, b""))
"""What is known of a lane of which the snapshot knows nothing: everybody in it stands by their number."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Hold the counters of a room and of its lanes.

    *lanes* are those of the policy, in its order, and after them those that it named once: they are served until nobody
    waits in them. *rate_per_minute*: the rate in force, at which the door lets in; the policy's is its ceiling.
    *seats_expired* and *seats_over* count the seats that ran out, and those that were ever taken beyond the capacity of
    their moment (a promise: none). *tokens*: admissions that the paced door would let in at this moment. *lost_tokens*:
    what the door could have let in since the last tick, and nobody came. *head* names the last record of the admission
    log; *events* have not been written down yet, None where no record is due, and *events_lost* others were not kept.
    *crowded_ms*: since when a room in standby queues, 0 while everybody passes. *shadow*: what the room would have done
    while everybody passes.
    *revocations*: how often the list of those who are turned away was changed.

    *promise*: the draw that is to come, *draws*: those that were held. *assumed*: the slot of a draw is not over, and
    all who were drawn count as present. *opens_at_ms*: when the operator said that it opens, 0 where
    that is the schedule's. *born_ms*: when the room was made, *began_ms*: when its epoch began; with the epoch they
    name one life of its data.
    *ended*: how many seats had ended at the last tick; *turnover_per_s*: how many end per second, as measured by then.
    """

    room: str
    policy: Policy
    now_ms: int
    epoch: int
    version: int
    phase: Phase
    lanes: Mapping[str, LaneSnapshot]
    rate_per_minute: int
    seats: int
    seats_peak: int
    seats_expired: int
    seats_over: int
    admitted: int
    tokens: float
    lost_tokens: float
    expected: float
    no_show: float
    leaving_per_s: float
    slot_at_ms: int
    slot_ms: int
    recover_until_ms: int
    ticked_ms: int
    owner: str
    owner_until_ms: int
    head: Head = NO_HEAD
    events: tuple[str, ...] | None = field(repr=False, default=None)
    events_lost: int = 0
    ended: int = 0
    turnover_per_s: float = 0.0
    agenda: Agenda = NOTHING_PLANNED
    promise: Promise | None = None
    draws: tuple[Drawn, ...] = ()
    assumed: bool = False
    opens_at_ms: int = 0
    born_ms: int = 0
    began_ms: int = 0
    crowded_ms: int = 0
    shadow: Shadow | None = None
    revocations: int = 0
    shop: Shop = field(default=UNKNOWN_SHOP, repr=False)

    @property
    def life(self) -> tuple[int, int, int]:
        """
        Return what names the life of the room's data: another one began with a loss, or with what may have been one.
        """
        return self.born_ms, self.epoch, self.began_ms

    @property
    def seniority(self) -> tuple[int, int, int, int]:
        """
        Return what the larger one of two states of a room has more of: it was made first, is in the later epoch, in the
        one that began first where two bear one number, and has gone further.
        """
        return -self.born_ms, self.epoch, -self.began_ms, self.version

    def checked_in(self, lane: str) -> bytes:
        """
        Return the bitmap of those in *lane* who have shown themselves, without those who only count as present.
        """
        known = self.lanes[lane]
        return known.fresh if self.assumed else known.presence.bits

    @property
    def admits(self) -> bool:
        """
        Return whether those who wait are called.
        """
        return self.phase.admits and self.policy.mode != "hold"

    @property
    def in_shadow(self) -> bool:
        """
        Return whether everybody passes, and the room only watches.
        """
        return self.phase is Phase.OPEN and self.policy.mode == "shadow"

    @property
    def lanes_in_use(self) -> int:
        """
        Return in how many lanes people wait, and at least one.
        """
        return max(1, sum(lane.waiting > 0 for lane in self.lanes.values()))

    @property
    def rate_limit(self) -> int:
        """
        Return the rate that is not exceeded: the one that the schedule has set, or the policy's.
        """
        return self.policy.rate_per_minute if self.agenda.rate_step == NO_RATE else self.agenda.rate_step

    @property
    def message(self) -> str:
        """
        Return the operator's words: those for this pause, or the room's.
        """
        return self.agenda.notice or self.policy.message

    @property
    def resumes_in_ms(self) -> int | None:
        """
        Return how long the break still lasts, None where there is none or nobody knows.
        """
        if self.phase is not Phase.PAUSED or not self.agenda.resume_at_ms:
            return None
        return max(0, self.agenda.resume_at_ms - self.now_ms)

    @property
    def opens_in_ms(self) -> int | None:
        """
        Return how long a pre-queue still lasts, or how long it takes until a closed room opens by its schedule; None
        where nobody knows.
        """
        if self.gathering:
            opening_ms = self.opens_at_ms or next_opening_ms(self.policy.planned, self._gathers_since_ms)
        elif self.phase is Phase.CLOSED:
            opening_ms = next_opening_ms(self.policy.planned, self.now_ms)
        else:
            return None
        return None if opening_ms is None else max(0, opening_ms - self.now_ms)

    @property
    def _gathers_since_ms(self) -> int:
        """
        Return the instant after which the first planned opening is that of this pre-queue: one whose time has come and
        that waits for the next step, or for a beacon's value, is no other day's.
        """
        done_ms = min(self.now_ms, self.agenda.scheduled_ms or self.now_ms)
        if self.promise is None or not self.promise.source:
            return done_ms
        begun = (entry.at_ms for entry in due(self.policy.planned, -1, done_ms) if entry.do == "prequeue")
        return max(self.agenda.phase_set_ms, *begun, 0) or done_ms

    @property
    def round(self) -> int:
        """
        Return how many draws the room has held: ranks and presence are those of this round.
        """
        return self.draws[-1].round if self.draws else 0

    @property
    def gathering(self) -> bool:
        """
        Return whether people wait for a draw.
        """
        return any(lane.early_from for lane in self.lanes.values())

    @property
    def capacity(self) -> int:
        """
        Return the seats in force: those of the policy, and no more than the stock bears.
        """
        return self.policy.seats_for(self.shop.stock)

    @property
    def closing(self) -> Reason:
        """
        Return why a closed room is closed.
        """
        return Reason.SOLD_OUT if self.shop.sold_out else Reason.ROOM_CLOSED

    @property
    def standard(self) -> LaneSnapshot:
        """
        Return the lane in which everybody stands who has no other.
        """
        return self.lanes[STANDARD_LANE]

    @property
    def waiting(self) -> int:
        """
        Return how many present people have not been called, in all lanes.
        """
        return sum(lane.presence.total for lane in self.lanes.values())

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """
        Return those who were called lately, of all lanes.
        """
        return tuple(chain.from_iterable(lane.cohorts for lane in self.lanes.values()))

    @property
    def line_up(self) -> tuple[Lane, ...]:
        """
        Return the lanes to be served, in their order: those of the policy, and what is left of earlier ones.
        """
        named = {lane.name for lane in self.policy.lanes}
        return (*self.policy.lanes, *(Lane(name) for name in self.lanes if name not in named))

    @property
    def rate_per_s(self) -> float:
        """
        Return the rate in force in admissions per second.
        """
        return self.rate_per_minute / 60

    @property
    def revoked_version(self) -> str:
        """
        Return the version of the list of those who are turned away.
        """
        return f"{self.epoch}.{self.revocations}"

    @property
    def recovering(self) -> bool:
        """
        Return whether the room's state is still being put together after a loss.
        """
        return self.now_ms < self.recover_until_ms
