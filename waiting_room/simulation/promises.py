"""
The promises, held at every verb of the store and at everything a visitor is told.
"""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from waiting_room.core.agenda import NO_RATE
from waiting_room.core.calendar import Appointment
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.phase import Phase
from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.polling import FLUSH_MS
from waiting_room.core.prequeue import Drawn
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.ports import Claim, ClaimCode, ClaimReply, JoinCode, JoinReply, RedeemCode, Redemption, TouchReply
from waiting_room.simulation.books import Door, LaneBook, Seats
from waiting_room.simulation.breach import BreachError
from waiting_room.simulation.drawing import Draws
from waiting_room.simulation.guests import Guests
from waiting_room.simulation.parts import Parts
from waiting_room.simulation.present import Present
from waiting_room.simulation.stall import Stall
from waiting_room.simulation.timetable import Timetable

JOIN_REMEMBERED_MS: Final = 60_000
LATE_MS: Final = FLUSH_MS + TICK_MS + 100
"""Check-ins are sent once a second, at the step of a controller."""

CAPACITY: Final = "seats never exceed capacity"
RATE: Final = "admissions in any window stay within rate x window + a tick's burst"
ORDER: Final = "nobody goes in before a present visitor with a lower rank"
GHOST: Final = "who polls as told is never taken for a ghost"
PLACE: Final = "a place never changes"
ONCE: Final = "no number is given twice"
ONE_PLACE: Final = "nobody has two places or two seats"
SEAT: Final = "a seat in use is held until its end"
POSITION: Final = "the position that is shown never rises"
THERE: Final = "the position that is shown counts who is there"
GONE: Final = "who has gone costs no call after two presence slots"
ON: Final = "somebody is called while one waits, a seat is free and the pace allows it"
PHASE: Final = "nobody goes in while the room lets nobody in"
DRAW: Final = "a draw is the one that was promised, and is held once"
SCHEDULE: Final = "the schedule is carried out at its instants"
INVITED: Final = "an invitation lets in as many as it is for"
PART: Final = "no lane gets less than its part of the calls"


def number_of(visitor: str) -> int:
    """
    Return the place in the order of arrival of a visitor by their id.
    """
    return int(visitor[1:])


class Promises:
    """
    Hold what was promised to each of *count* visitors, and raise `BreachError` where it is broken.

    *called_ms*, *admitted_ms*: when, of the store's clock, 0 before. *number*, *rank*: theirs, 0 before; *lane*: the
    index of its book. *plan*: what the schedule must come to. *singly*: every poll is played, so that it is known who
    is there; a check-in reaches the store within *late_ms*.
    """

    def __init__(
        self,
        count: int,
        seed: int,
        policy: Policy,
        start_ms: int,
        *,
        plan: Sequence[Appointment] = (),
        singly: bool = True,
        late_ms: int = LATE_MS,
    ) -> None:
        self.seed = seed
        self.step = 0
        self.start_ms = start_ms
        self.now_ms = start_ms
        self.number = array("q", [0]) * count
        self.rank = array("q", [0]) * count
        self.lane = bytearray(count)
        self.joined_ms = array("q", [0]) * count
        self.called_ms = array("q", [0]) * count
        self.admitted_ms = array("q", [0]) * count
        self.lanes: defaultdict[str, LaneBook] = defaultdict(lambda: LaneBook(len(self.lanes)))
        self.seats = Seats(count)
        self.door = Door(policy, start_ms)
        self.seats_lost = 0
        self.admitted = 0
        self.called = 0
        self.snapshot: Snapshot | None = None
        self.policy = policy
        self.idle_ms = int(policy.idle_timeout_s * 1000)
        self._lost_ms = -1
        self.unsettled = False
        self.phase = Phase.OPEN
        self._rate_step = NO_RATE
        self.draws = Draws()
        self.guests = Guests()
        self.parts = Parts()
        self.stall = Stall(start_ms)
        self.present = Present(count, start_ms, late_ms)
        self.timetable = Timetable(plan, late_ms)
        self.singly = singly
        self._invited = _invited(policy)

    def breach(self, promise: str, facts: str) -> BreachError:
        """
        Return the error that tells of a broken promise.
        """
        return BreachError(promise, self.seed, self.step, (self.now_ms - self.start_ms) / 1000, facts)

    def configured(self, policy: Policy) -> None:
        """
        Hold the room to other settings from now on.
        """
        before, self.policy = self.policy, policy
        self.idle_ms = int(policy.idle_timeout_s * 1000)
        self._invited = _invited(policy)
        if policy.rate_per_minute != before.rate_per_minute:
            self._rate_step = NO_RATE
            self.door.change(policy.rate_per_minute, self.now_ms)

    def _set_rate(self, rate_step: int) -> None:
        """
        Hold the door to the rate that the schedule has set from now on.
        """
        if rate_step != self._rate_step:
            self._rate_step = rate_step
            self.door.change(self.policy.rate_per_minute if rate_step == NO_RATE else rate_step, self.now_ms)

    def joined(self, lane: str, visitors: Sequence[str], replies: Sequence[JoinReply]) -> None:
        """
        Check what visitors were given who joined *lane*.
        """
        book, now_ms = self.lanes[lane], self.now_ms
        for visitor, (code, number, issued_ms, hard_end_ms, _) in zip(visitors, replies, strict=True):
            who = number_of(visitor)
            known = self.number[who]
            if not number:
                continue
            if number == known and self.lane[who] == book.index:
                book.seen_ms[self.rank[who]] = now_ms
                continue
            if lane in self._invited and not self.guests.joins(visitor):
                raise self.breach(INVITED, f"visitor {who} joined {lane} without an invitation")
            joined_ms = self.joined_ms[who]
            moves = known > 0 and self.lane[who] != book.index and lane in self._invited
            if known and not moves and joined_ms > self._lost_ms and now_ms - joined_ms < JOIN_REMEMBERED_MS:
                raise self.breach(ONE_PLACE, f"visitor {who} has number {known} and was given {number}")
            before = book.note(number, who)
            if before not in {-1, who}:
                raise self.breach(ONCE, f"number {number} of visitor {before} was given to visitor {who}")
            if known:
                self._book_of(who).vacate(self.rank[who])
            self.number[who], self.joined_ms[who] = number, now_ms
            self.rank[who], self.lane[who] = number, book.index
            # While a lost room is put together again, a check-in may be overlooked.
            book.seen_ms[number], self.present.steady[who] = now_ms, not self.unsettled
            if code is JoinCode.EARLY:
                book.note_early(number)
            if code is JoinCode.STRAIGHT and issued_ms == now_ms:
                self._check_nobody_waits(who)
                book.frontier = max(book.frontier, number + 1)
                self._call(book, who, number)
                self._admit(who, hard_end_ms)

    def _check_nobody_waits(self, who: int) -> None:
        for name, book in self.lanes.items():
            for rank in range(book.frontier, book.last + 1):
                other = book.ranked[rank]
                if other not in {-1, who} and self.stands(other, book, rank) and self.present.waits(other, self.now_ms):
                    raise self.breach(ORDER, f"visitor {who} went straight in while {other} waited with {name} {rank}")

    def _book_of(self, who: int) -> LaneBook:
        return next(book for book in self.lanes.values() if book.index == self.lane[who])

    def stands(self, who: int, book: LaneBook, rank: int) -> bool:
        """
        Tell whether *rank* is still the place of *who*, who has no other by now.
        """
        return self.rank[who] == rank and self.lane[who] == book.index

    def _call(self, book: LaneBook, who: int, rank: int) -> None:
        self.called_ms[who] = self.now_ms
        self.stall.moved(self.now_ms, live=self.present.waits(who, self.now_ms))
        self.called += 1
        book.calls.append(rank)

    def claimed(self, claims: Sequence[Claim], replies: Sequence[ClaimReply]) -> None:
        """
        Check what came of claims.
        """
        for claim, (code, _, hard_end_ms, _) in zip(claims, replies, strict=True):
            if code is not ClaimCode.ADMITTED:
                continue
            who, frontier = number_of(claim.visitor), self.lanes[claim.lane].frontier
            if claim.rank >= frontier:
                raise self.breach(ORDER, f"visitor {who} went in with {claim.lane} {claim.rank}, called: to {frontier}")
            if self.seats.end_ms[who] > self.now_ms and self.admitted_ms[who] > self._lost_ms:
                raise self.breach(ONE_PLACE, f"visitor {who} was given a second seat with {claim.lane} {claim.rank}")
            self._admit(who, hard_end_ms)

    def _admit(self, who: int, hard_end_ms: int) -> None:
        now_ms, policy = self.now_ms, self.policy
        if not self.phase.admits:
            raise self.breach(PHASE, f"visitor {who} went in, and the room is {self.phase}")
        self.stall.moved(now_ms, live=True)
        self.seats.release_due(now_ms)
        over = self.door.admit(now_ms)
        if over:
            bound = f"{policy.rate_per_minute} a minute and a tick's burst"
            raise self.breach(RATE, f"visitor {who} is {over:.2f} admissions above {bound}")
        self.seats.take(who, min(now_ms + self.idle_ms, hard_end_ms))
        if self.seats.held > policy.capacity:
            raise self.breach(CAPACITY, f"visitor {who} took seat {self.seats.held} of {policy.capacity}")
        self.admitted += 1
        self.admitted_ms[who] = now_ms

    def touched(self, seats: Mapping[str, int], released: Sequence[str], reply: TouchReply) -> None:
        """
        Check that seats in use are held, and follow their ends.
        """
        book, latest_ms = self.seats, self.now_ms + self.idle_ms
        book.release_due(self.now_ms)
        gone = frozenset(reply.gone)
        for seat, hard_end_ms in seats.items():
            who = self.holder_of(seat)
            if not book.end_ms[who]:
                continue
            if seat not in gone:
                book.end_ms[who] = min(latest_ms, hard_end_ms)
            elif self._lost_ms < 0:
                raise self.breach(SEAT, f"the seat of visitor {who} is gone before its end")
            else:
                self._lose_seat(who)
        for seat in released:
            book.free(self.holder_of(seat))

    def holder_of(self, seat: str) -> int:
        """
        Return who holds the number that *seat* is called after.
        """
        lane, _, number = seat.rpartition(".")
        return self.lanes[lane].who(int(number))

    def _lose_seat(self, who: int) -> None:
        self.seats.free(who)
        self.seats_lost += 1

    def left(self, visitor: str) -> None:
        """
        Note that a visitor gave back what they had.
        """
        who = number_of(visitor)
        self.seats.free(who)
        self.present.gone(who)
        self.joined_ms[who] = -JOIN_REMEMBERED_MS

    def seen(self, snapshot: Snapshot) -> None:
        """
        Note what a worker is shown, and what a controller is before its next step.
        """
        self.snapshot, self.phase = snapshot, snapshot.phase
        self.present.slot(snapshot.slot_at_ms)
        for drawn in self.draws.seen(snapshot):
            self._draw(drawn)
        if self.timetable and (wrong := self.timetable.seen(snapshot.phase, snapshot.agenda.rate_step, self.now_ms)):
            raise self.breach(SCHEDULE, wrong)

    def changed(self, phase: Phase) -> None:
        """
        Note another phase of the room.
        """
        self.phase = phase

    def _draw(self, drawn: Drawn) -> None:
        """
        Take over a draw that was held, and give everybody their place by it.
        """
        if wrong := self.draws.hold(drawn):
            raise self.breach(DRAW, wrong)
        for draw in drawn.draws():
            book = self.lanes[draw.lane]
            if self.draws.misses(draw, book.early):
                raise self.breach(DRAW, f"those from {book.early} of {draw.lane} came before, and were not drawn")
            first, ranks = self.draws.ranks[drawn.round, draw.lane]
            holders = book.holder[first : first + draw.size]
            for number, (who, rank) in enumerate(zip(holders, ranks, strict=False), first):
                if who >= 0 and self.stands(who, book, number):
                    self.rank[who] = rank
            # In the slot of a draw all who were drawn count as present, as if they had asked in the one before.
            book.draw(first, ranks, drawn.at_ms - 1)

    def advanced(self, step: Advance) -> None:
        """
        Check whom a step has called, and take over the phase and the rate in force.
        """
        snapshot = self.snapshot
        assert snapshot is not None
        assert snapshot.version == step.version
        if wrong := self.parts.dealt(snapshot, step):
            raise self.breach(PART, wrong)
        gone_ms = self.present.since_ms(snapshot.slot_at_ms) if self.singly else 0
        for name, change in step.lanes.items():
            lane = snapshot.lanes[name]
            if 0 < lane.early_from < change.frontier:
                raise self.breach(DRAW, f"{name} {change.frontier - 1} was called before the draw")
            self._advance_lane(self.lanes[name], lane, change.frontier, gone_ms)
        self.phase = step.orders.phase or snapshot.phase
        self._set_rate(step.orders.rate_step)
        if self.timetable and (wrong := self.timetable.stepped(self.phase, step.orders.rate_step, self.now_ms)):
            raise self.breach(SCHEDULE, wrong)

    def _advance_lane(self, book: LaneBook, lane: LaneSnapshot, frontier: int, gone_ms: int) -> None:
        now_ms, waits, called_ms, seen_ms = self.now_ms, self.present.waits, self.called_ms, book.seen_ms
        ranked, holds, rank_of, lane_of, index = book.ranked, lane.presence.holds, self.rank, self.lane, book.index
        for rank in range(book.frontier, min(frontier, book.last + 1)):
            who = ranked[rank]
            if seen_ms[rank] < gone_ms and rank >= lane.frontier and holds(rank):
                raise self.breach(GONE, f"rank {rank} of visitor {who} was called, silent since {seen_ms[rank]}")
            if who < 0 or called_ms[who] or rank_of[who] != rank or lane_of[who] != index:
                continue
            self._call(book, who, rank)
            if rank >= lane.frontier and not holds(rank) and waits(who, now_ms):
                raise self.breach(GHOST, f"visitor {who}, who polls as told, was passed over at {rank}")
        book.frontier = max(book.frontier, frontier)

    @property
    def has_lost(self) -> bool:
        """
        Return whether the store has ever lost writes.
        """
        return self._lost_ms >= 0

    def lost(self) -> None:
        """
        Note that the store has lost writes: until they were heard again, nobody is known to be there.
        """
        self._lost_ms = self.now_ms
        self.unsettled = True
        self.present.lost()
        self.guests.lost()

    def restored(self, last: Snapshot) -> None:
        """
        Note that somebody put the room back as it was in *last*.
        """
        for name, lane in last.lanes.items():
            book = self.lanes[name]
            book.frontier = max(book.frontier, lane.frontier)

    def settle(self, held: Mapping[str, int]) -> None:
        """
        When the room has recovered, forget the seats that nobody could put back; *held* are those that the store knows,
        with their ends: the last uses of a seat may have been lost, and it ends the earlier where it is not used again.
        """
        self.unsettled = False
        known = {self.holder_of(seat): end_ms for seat, end_ms in held.items()}
        for who, end_ms in enumerate(self.seats.end_ms):
            if end_ms > self.now_ms:
                if who in known:
                    self.seats.shorten(who, known[who])
                else:
                    self._lose_seat(who)

    def told(self, who: int, before: int, position: int) -> None:
        """
        Check a position that *who* was shown after *before* (0: none).
        """
        if before and position > before:
            raise self.breach(POSITION, f"visitor {who} was shown {before}, then {position}")

    def unsteady(self, who: int) -> None:
        """
        Note that *who* does not ask as told, or that it may not be heard.
        """
        self.present.steady[who] = 0

    def redeemed(self, asked: Sequence[Redemption], codes: Sequence[RedeemCode]) -> None:
        """
        Check what came of invitations.
        """
        if wrong := self.guests.redeemed(asked, codes):
            raise self.breach(INVITED, wrong)


def _invited(policy: Policy) -> frozenset[str]:
    """
    Return the lanes that nobody may join without an invitation.
    """
    return frozenset(lane.name for lane in policy.lanes if lane.entry == "invitation")
