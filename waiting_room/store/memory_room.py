"""
What a room in memory holds: the same as a room in Redis.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from waiting_room.core import shadow
from waiting_room.core.agenda import NO_RATE, NOTHING_PLANNED, Agenda
from waiting_room.core.audit import Act
from waiting_room.core.health import Health
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.pacing import burst
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import orders_of
from waiting_room.core.shop import Shop, decode
from waiting_room.core.snapshot import Snapshot
from waiting_room.store.memory_draws import MemoryDraws
from waiting_room.store.memory_journal import MemoryJournal
from waiting_room.store.memory_lane import Joined, MemoryLane
from waiting_room.store.memory_rights import MemoryRights
from waiting_room.store.memory_seats import Held, MemorySeats

ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""
RECENT_MS: Final = 3_600_000
"""So long an operator may take to begin a pre-queue anew that a loss has undone."""


@dataclass(slots=True)
class MemoryRoom:
    """
    Hold what Redis holds of a room.
    """

    policy: Policy
    numbers: Mapping[str, int]
    slot_at: int
    slot_ms: int
    tokens_at: int
    ticked: int
    born: int = 0
    began: int = 0
    epoch: int = 1
    version: int = 1
    phase: Phase = Phase.OPEN
    rate: int = 0
    tokens: int = ADMISSION
    lost: int = 0
    admitted: int = 0
    peak: int = 0
    expired: int = 0
    over: int = 0
    expected: int = 0
    no_show: int = 0
    leaving: int = 0
    ended: int = 0
    turnover: int = 0
    recover_until: int = 0
    owner: str = ""
    owner_until: int = 0
    agenda: Agenda = NOTHING_PLANNED
    crowded: int = 0
    shadow: str = ""
    override: int | None = None
    stock: int | None = None
    sold_out: bool = False
    adaptation: str = ""
    health: list[Health] = field(default_factory=list)
    lanes: dict[str, MemoryLane] = field(default_factory=dict)
    seats: MemorySeats = field(default_factory=MemorySeats)
    rights: MemoryRights = field(default_factory=MemoryRights)
    joined: OrderedDict[tuple[str, str], Joined] = field(default_factory=OrderedDict)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    draws: MemoryDraws = field(default_factory=MemoryDraws)
    capacity: int = field(init=False)

    def __post_init__(self) -> None:
        self.supply(self.stock)

    @property
    def seniority(self) -> tuple[int, int, int, int]:
        """
        Return what is to be compared with that of a snapshot.
        """
        return -self.born, self.epoch, -self.began, self.version

    @property
    def gathers(self) -> bool:
        """
        Return whether people wait for a draw.
        """
        return self.lane(STANDARD_LANE).draw_first > 0

    def gather(self, now_ms: int) -> None:
        """
        Let those who join from now on wait for a draw.
        """
        for lane in self.lanes.values():
            lane.gather(recent=now_ms - self.began < RECENT_MS)

    def lane(self, name: str) -> MemoryLane:
        """
        Return a lane; one that was not known is one of the room's from then on.
        """
        lane = self.lanes.get(name)
        if lane is None:
            lane = self.lanes[name] = MemoryLane()
        return lane

    def settle(self, policy: Policy, numbers: Mapping[str, int], now_ms: int, *, by_hand: bool) -> None:
        """
        Take over new settings; their rate ends the one that a schedule has set, if it is another or chosen by hand.
        """
        step, limit = self.agenda.rate_step, policy.rate_per_minute
        before = self.numbers["rate_limit"] if step == NO_RATE else step
        if by_hand or limit != self.numbers["rate_limit"]:
            step, self.agenda = NO_RATE, replace(self.agenda, rate_step=NO_RATE, rate_set_ms=now_ms)
        ceiling = limit if step == NO_RATE else step
        self.rate = ceiling if self.rate == before else min(self.rate, ceiling)
        if policy.mode != self.policy.mode:
            self.crowded, self.shadow = 0, ""
        self.policy, self.numbers = policy, numbers
        self.supply(self.stock)

    def change_phase(
        self,
        phase: Phase,
        now_ms: int,
        resume_at_ms: int = 0,
        notice: str = "",
        opening: Opening = WITHOUT_DRAW,
    ) -> None:
        """
        Change the phase; a pause with a time at which it goes on is a break, a phase that admits holds the draw.
        """
        if phase is Phase.PREQUEUE:
            self.gather(now_ms)
        elif phase is Phase.CLOSED:
            self.draws.opens_at = 0
        elif phase.admits and self.gathers and self.draws.hold(self.lanes, opening.beacon, now_ms):
            self.slot_at, self.slot_ms, self.no_show = now_ms, opening.slot_ms, round(opening.no_show * 1e6)
        idle_ms = self.numbers["idle_ms"]
        self.agenda = self.agenda.changed(self.phase, phase, now_ms, idle_ms, resume_at_ms, notice)
        self.phase, self.sold_out = phase, False
        self.journal.note(Act.PHASE, now_ms, [phase.value])

    @property
    def price(self) -> int:
        """
        Return what an admission takes from the bucket.
        """
        return 0 if self.policy.mode == "shadow" else ADMISSION

    @property
    def full(self) -> bool:
        """
        Return whether every seat is taken.
        """
        return len(self.seats.held) >= self.capacity and self.policy.mode != "shadow"

    @property
    def depth(self) -> int:
        """
        Return what the bucket holds: a tick's admissions, or ten seconds' in a standby room that is calm.
        """
        return max(ADMISSION, self.rate * (10_000 if self.policy.mode == "standby" and not self.crowded else 250))

    @property
    def limits(self) -> tuple[int, ...]:
        """
        Return the terms of the door as the journal has them: capacity, rate, and the bucket's depth if it is no tick.
        """
        calm = self.policy.mode == "standby" and not self.crowded
        depth = (0,) if self.policy.mode == "shadow" else (10_000,) if calm else ()
        return (self.capacity, self.rate, *depth)

    def turn(self, now_ms: int) -> None:
        """
        Go on with other terms of the door, and note them.
        """
        self.tokens = min(self.tokens, self.depth)
        self.journal.note(Act.LIMITS, now_ms, self.limits)

    def supply(self, units: int | None) -> None:
        """
        Note how many *units* are left to sell: the seats in force are those of the policy, and no more than these bear.
        """
        self.stock, self.capacity = units, self.policy.seats_for(units)

    def refill(self, now_ms: int) -> None:
        """
        Fill the bucket of the paced door; what overflows is lost and counted.
        """
        depth = self.depth
        self.tokens += max(0, now_ms - self.tokens_at) * self.rate
        if self.tokens > depth:
            self.lost += self.tokens - depth
            self.tokens = depth
        self.tokens_at = max(now_ms, self.tokens_at)

    def overflows_in_ms(self) -> int:
        """
        Return how long it takes until the bucket overflows; a minute stands for never.
        """
        if not self.rate:
            return 60_000
        return min(60_000, -(-(self.depth - self.tokens) // self.rate))

    def purge(self, now_ms: int) -> None:
        """
        Free the seats whose end has come, and forget the joins of more than a minute ago.
        """
        ended = self.seats.expire(self.agenda.idle_clock_ms(now_ms))
        for _, held in ended:
            if held.stage and held.visitor and self.numbers["return_ms"]:
                self.rights.ended[held.visitor] = now_ms + self.numbers["return_ms"]
        self.expired += len(ended)
        self.journal.note(Act.EXPIRED, now_ms, [seat for seat, _ in ended])
        forgotten = []
        for key, join in self.joined.items():
            if join.until_ms > now_ms:
                break
            forgotten.append(key)
        for key in forgotten:
            del self.joined[key]

    def remember(self, lane: str, visitor: str, join: Joined) -> None:
        """
        Remember a join, or the seat that came of it.
        """
        key, joined = (lane, visitor), self.joined
        if key in joined:
            joined.move_to_end(key)
        joined[key] = join

    def end_seats(self, act: Act, now_ms: int, named: Sequence[str]) -> int:
        """
        End the seats that are named and held, by an act of somebody's; return how many.
        """
        ended = self.seats.free(named)
        self.journal.note(act, now_ms, ended)
        return len(ended)

    def give_seat(self, seat: str, visitor: str, now_ms: int) -> Held:
        """
        Hold a seat until idle end or hard end.
        """
        held = self.seats.take(seat, now_ms, now_ms + self.numbers["session_ms"], visitor, self.numbers)
        self.over += self.policy.mode != "shadow" and len(self.seats) > self.capacity
        self.tokens -= self.price
        self.admitted += 1
        self.peak = max(self.peak, len(self.seats))
        return held

    def straight(self, now_ms: int) -> bool:
        """
        Return whether a newcomer would be let in at once.
        """
        if self.phase is not Phase.OPEN or self.policy.mode == "hold" or now_ms < self.recover_until:
            return False
        if self.policy.mode == "shadow":
            return True
        seats = self.capacity
        if self.policy.mode == "standby" and not self.crowded:
            seats = min(seats, self.numbers["standby_seats"])
        return (
            self.leaves_over(seats)
            and self.tokens >= ADMISSION
            and all(lane.frontier > lane.issued for lane in self.lanes.values())
        )

    def leaves_over(self, seats: int) -> bool:
        """
        Return whether those expected leave one of *seats* over, and half of the next second's pace.

        `expected` is in thousandths of a visitor. Were the door shut until nobody is expected, a burst that makes a few
        wait for a poll would have everybody wait for one, for as long as somebody comes each second.
        """
        few = self.expected * 3 < max(1500, self.rate * 25)
        return few and len(self.seats) + (self.expected + 500) // 1000 < seats

    def read(self, name: str, now_ms: int) -> Snapshot:
        """
        Return the room, called *name*, as it is at this moment.
        """
        self.refill(now_ms)
        self.purge(now_ms)
        order = dict.fromkeys((*(lane.name for lane in self.policy.lanes), *self.lanes))
        return Snapshot(
            room=name,
            policy=self.policy,
            now_ms=now_ms,
            epoch=self.epoch,
            version=self.version,
            phase=self.phase,
            lanes={
                lane: self.lanes[lane].read(
                    now_ms, orders_of(self.draws.held, lane), gathers=self.gathers, assumed=self.draws.assumed
                )
                for lane in order
                if lane in self.lanes
            },
            rate_per_minute=self.rate,
            seats=len(self.seats),
            seats_peak=self.peak,
            seats_expired=self.expired,
            seats_over=self.over,
            admitted=self.admitted,
            tokens=min(self.tokens / ADMISSION, burst(self.rate / 60)),
            lost_tokens=self.lost / ADMISSION,
            expected=self.expected / 1000,
            no_show=self.no_show / 1e6,
            leaving_per_s=self.leaving / 1e6,
            slot_at_ms=self.slot_at,
            slot_ms=self.slot_ms,
            recover_until_ms=self.recover_until,
            ticked_ms=self.ticked,
            owner=self.owner,
            owner_until_ms=self.owner_until,
            head=self.journal.head,
            events=self.journal.due(now_ms),
            events_lost=self.journal.lost,
            agenda=self.agenda,
            promise=self.draws.promised,
            draws=self.draws.held,
            assumed=self.draws.assumed,
            opens_at_ms=self.draws.opens_at,
            born_ms=self.born,
            began_ms=self.began,
            crowded_ms=self.crowded,
            shadow=shadow.read(self.shadow),
            revocations=self.rights.changes,
            ended=self.ended,
            turnover_per_s=self.turnover / 1e6,
            shop=Shop(tuple(self.health), decode(self.adaptation), self.override, self.stock, self.sold_out),
        )
