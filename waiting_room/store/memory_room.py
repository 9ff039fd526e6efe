"""
What a room in memory holds: the same as a room in Redis.
"""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Final

from waiting_room.core import plan as steps
from waiting_room.core import shadow
from waiting_room.core.agenda import NO_RATE, NOTHING_PLANNED, Agenda
from waiting_room.core.audit import NO_HEAD, Act, Event, Head
from waiting_room.core.health import Health
from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.opening import WITHOUT_DRAW, Opening
from waiting_room.core.pacing import burst
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.prequeue import Drawn, Promise, orders_of
from waiting_room.core.recording import EVENTS_KEPT, RECORD_EVENTS, RECORD_MS, Link
from waiting_room.core.shop import Shop, decode, encode
from waiting_room.core.snapshot import Snapshot
from waiting_room.store.bitmap import Bitmap
from waiting_room.store.memory_lane import Held, Joined, MemoryLane
from waiting_room.store.memory_rights import MemoryRights

DAY_MS: Final = 86_400_000
ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""


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
    seats: dict[str, Held] = field(default_factory=dict)
    ends: list[tuple[int, str]] = field(default_factory=list)
    rights: MemoryRights = field(default_factory=MemoryRights)
    joined: OrderedDict[tuple[str, str], Joined] = field(default_factory=OrderedDict)
    events: list[str] = field(default_factory=list)
    events_lost: int = 0
    head: Head = NO_HEAD
    records: deque[tuple[int, str]] = field(default_factory=deque)
    draw_seed: str = ""
    draw_source: str = ""
    opens_at: int = 0
    draws: tuple[Drawn, ...] = ()
    assumed: bool = False

    @property
    def round(self) -> int:
        """
        Return how many draws the room has held.
        """
        return self.draws[-1].round if self.draws else 0

    @property
    def gathers(self) -> bool:
        """
        Return whether people wait for a draw.
        """
        return self.lane(STANDARD_LANE).draw_first > 0

    def gather(self) -> None:
        """
        Let those who join from now on wait for a draw.
        """
        for lane in self.lanes.values():
            lane.draw_first = lane.draw_first or lane.issued + 1

    def hold_draw(self, now_ms: int, opening: Opening) -> None:
        """
        Put those who gathered in order, if a draw was promised to them.
        """
        if self.draw_seed:
            first = {name: lane.draw_first or 1 for name, lane in self.lanes.items()}
            spans = tuple(
                (name, first[name], max(0, lane.issued - first[name] + 1)) for name, lane in self.lanes.items()
            )
            drawn = Drawn(self.round + 1, now_ms, self.draw_seed, self.draw_source, opening.beacon, spans)
            self.draws = (*(held for held in self.draws if held.at_ms > now_ms - DAY_MS), drawn)
            self.assumed, self.slot_at = True, now_ms
            self.slot_ms, self.no_show = opening.slot_ms, round(opening.no_show * 1e6)
            for lane in self.lanes.values():
                lane.present, lane.before = Bitmap(), Bitmap()
        self._stop_gathering()

    def _stop_gathering(self) -> None:
        self.draw_seed, self.draw_source, self.opens_at = "", "", 0
        for lane in self.lanes.values():
            lane.draw_first = 0

    def put_draws_back(self, last: Snapshot, now_ms: int) -> None:
        """
        Take over the draws that *last* knows of, where the room has lost them.
        """
        if last.round > self.round:
            self._stop_gathering()
            self.phase, self.draws, self.assumed = last.phase, last.draws, False
            self.note(Act.PHASE, now_ms, [last.phase.value])
            for lane in self.lanes.values():
                lane.present, lane.before = Bitmap(), Bitmap()
        if last.round < self.round:
            return
        if last.promise is not None and not self.draw_seed:
            self.draw_seed = last.promise.seed
            self.draw_source, self.opens_at = last.promise.source, last.opens_at_ms
        for name, remembered in last.lanes.items():
            self.lane(name).draw_first = self.lane(name).draw_first or remembered.early_from

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
            self.gather()
            self.opens_at = resume_at_ms or self.opens_at
        elif phase.admits and self.gathers:
            self.hold_draw(now_ms, opening)
        idle_ms = self.numbers["idle_ms"]
        self.agenda = self.agenda.changed(self.phase, phase, now_ms, idle_ms, resume_at_ms, notice)
        self.phase, self.sold_out = phase, False
        self.note(Act.PHASE, now_ms, [phase.value])

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
        return self.policy.mode != "shadow" and len(self.seats) >= self.capacity

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
        self.note(Act.LIMITS, now_ms, self.limits)

    @property
    def capacity(self) -> int:
        """
        Return the seats in force: those of the policy, and no more than the stock bears.
        """
        return self.policy.seats_for(self.stock)

    def know(self, shop: Shop) -> None:
        """
        Take over what a worker remembers of the shop; how it fares is told anew.
        """
        self.override, self.stock, self.sold_out = shop.override, shop.stock, shop.sold_out
        self.adaptation = encode(shop.adaptation)

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
        ended: list[tuple[int, str]] = []
        over_ms = self.agenda.idle_clock_ms(now_ms)
        while self.ends and self.ends[0][0] <= over_ms:
            _, seat = heappop(self.ends)
            held = self.seats.get(seat)
            if held is not None and held.end_ms > over_ms:
                heappush(self.ends, (held.end_ms, seat))
            elif held is not None:
                del self.seats[seat]
                ended.append((held.end_ms, seat))
                if held.stage and held.visitor and self.numbers["return_ms"]:
                    self.rights.ended[held.visitor] = now_ms + self.numbers["return_ms"]
        self.expired += len(ended)
        self.note(Act.EXPIRED, now_ms, [seat for _, seat in sorted(ended)])
        while self.joined and next(iter(self.joined.values())).until_ms <= now_ms:
            self.joined.popitem(last=False)

    def note(self, act: Act, now_ms: int, values: Sequence[object]) -> None:
        """
        Note an act in the journal; while too many are there, those that come are counted and not kept.
        """
        if not values and act is not Act.CREATED:
            return
        if len(self.events) >= EVENTS_KEPT:
            self.events_lost += 1
        else:
            self.events.append(str(Event(act, now_ms, tuple(map(str, values)))))

    def write_down(self, link: Link, keep: int) -> None:
        """
        Chain a record to the log, and take from the journal what it tells.
        """
        self.records.append((link.sequence, link.text))
        while len(self.records) > keep:
            self.records.popleft()
        del self.events[: link.drained]
        self.events_lost -= link.lost
        self.head = Head(link.sequence, link.hash, link.at_ms)

    def remember(self, lane: str, visitor: str, join: Joined) -> None:
        """
        Remember a join, or the seat that came of it.
        """
        self.joined[lane, visitor] = join
        self.joined.move_to_end((lane, visitor))

    def hold(self, seat: str, issued_ms: int, hard_end_ms: int, visitor: str) -> Held:
        """
        Hold a seat until its idle end, unless it is used again, or until its hard end.
        """
        end_ms = min(issued_ms + self.numbers["idle_ms"], hard_end_ms)
        held = self.seats[seat] = Held(end_ms, issued_ms, hard_end_ms, visitor)
        heappush(self.ends, (end_ms, seat))
        return held

    def keep(self, seat: str, held: Held, now_ms: int) -> None:
        """
        Move the end of a seat that is in use; who pays holds it for as long as a payment may last.
        """
        end_ms = min(now_ms + self.numbers["idle_ms"], held.hard_end_ms)
        if held.stage == "payment":
            end_ms = max(end_ms, held.since_ms + self.numbers["payment_ms"])
        if end_ms < held.end_ms:
            heappush(self.ends, (end_ms, seat))
        held.end_ms = end_ms

    def end_seats(self, act: Act, now_ms: int, named: Sequence[str]) -> int:
        """
        End the seats that are named and held, by an act of somebody's; return how many.
        """
        ended = [seat for seat in named if self.seats.pop(seat, None) is not None]
        self.note(act, now_ms, ended)
        return len(ended)

    def enter(self, seat: str, stage: str, since_ms: int, now_ms: int) -> None:
        """
        Put the visit of a seat into *stage*; a payment that lasts keeps its beginning.
        """
        held = self.seats.get(seat)
        if held is None:
            return
        lasts = held.stage == "payment" and held.since_ms + self.numbers["payment_ms"] > now_ms
        if stage != "payment" or not lasts:
            held.stage, held.since_ms = stage, since_ms or now_ms
        self.keep(seat, held, now_ms)

    def give_seat(self, seat: str, visitor: str, now_ms: int) -> Held:
        """
        Hold a seat until idle end or hard end.
        """
        hard = now_ms + self.numbers["session_ms"]
        held = self.hold(seat, now_ms, hard, visitor)
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
            all(lane.frontier > lane.issued for lane in self.lanes.values())
            and self.expected < 500
            and len(self.seats) < seats
            and self.tokens >= ADMISSION
        )

    def recover(self, last: Snapshot, now_ms: int) -> None:
        """
        Begin a new epoch after that of *last*, which is what somebody remembers: admissions rest for a while.
        """
        self.epoch, self.phase, self.agenda = last.epoch + 1, last.phase, last.agenda
        self.recover_until = now_ms + steps.RECOVERY_MS
        self.tokens, self.tokens_at = 0, now_ms
        self.owner, self.owner_until = "", 0
        self.ended = 0
        self.note(Act.EPOCH, now_ms, [self.epoch])
        self.note(Act.PHASE, now_ms, [self.phase.value])

    def read(self, name: str, now_ms: int) -> Snapshot:
        """
        Return the room, called *name*, as it is at this moment.
        """
        self.refill(now_ms)
        self.purge(now_ms)
        due = now_ms - self.head.at_ms >= RECORD_MS or len(self.events) >= RECORD_EVENTS
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
                    now_ms, orders_of(self.draws, lane), gathers=self.gathers, assumed=self.assumed
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
            head=self.head,
            events=tuple(self.events) if due else None,
            events_lost=self.events_lost,
            agenda=self.agenda,
            promise=Promise(self.draw_seed, self.draw_source) if self.draw_seed else None,
            draws=self.draws,
            assumed=self.assumed,
            opens_at_ms=self.opens_at,
            crowded_ms=self.crowded,
            shadow=shadow.read(self.shadow),
            revocations=self.rights.changes,
            ended=self.ended,
            turnover_per_s=self.turnover / 1e6,
            shop=Shop(tuple(self.health), decode(self.adaptation), self.override, self.stock, self.sold_out),
        )
