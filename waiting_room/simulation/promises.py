"""
The promises, held at every verb of the store and at everything a visitor is told.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from waiting_room.core.plan import Advance
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import LaneSnapshot, Snapshot
from waiting_room.ports import Claim, ClaimCode, ClaimReply, JoinCode, JoinReply, TouchReply
from waiting_room.simulation.books import Door, LaneBook, Seats
from waiting_room.simulation.breach import BreachError

JOIN_REMEMBERED_MS: Final = 60_000

CAPACITY: Final = "seats never exceed capacity"
RATE: Final = "admissions in any window stay within rate x window + a tick's burst"
ORDER: Final = "nobody goes in before a present visitor with a lower rank"
GHOST: Final = "who polls as told is never taken for a ghost"
PLACE: Final = "a place never changes"
ONCE: Final = "no number is given twice"
ONE_PLACE: Final = "nobody has two places or two seats"
SEAT: Final = "a seat in use is held until its end"
POSITION: Final = "the position that is shown never rises"


def number_of(visitor: str) -> int:
    """
    Return the place in the order of arrival of a visitor by their id.
    """
    return int(visitor[1:])


class Promises:
    """
    Hold what was promised to each of *count* visitors, and raise `BreachError` where it is broken.

    *due_ms*: until when a visitor who polls as told is there (0: gone, late, or not known to be there). *called_ms*,
    *admitted_ms*: when, of the store's clock, 0 before. *number*: their number, 0 before.
    """

    def __init__(self, count: int, seed: int, policy: Policy, start_ms: int) -> None:
        self.seed = seed
        self.step = 0
        self.start_ms = start_ms
        self.now_ms = start_ms
        self.number = array("q", [0]) * count
        self.joined_ms = array("q", [0]) * count
        self.due_ms = array("q", [0]) * count
        self.called_ms = array("q", [0]) * count
        self.admitted_ms = array("q", [0]) * count
        self.lanes: defaultdict[str, LaneBook] = defaultdict(LaneBook)
        self.seats = Seats(count)
        self.door = Door(policy, start_ms)
        self.seats_lost = 0
        self.admitted = 0
        self.called = 0
        self.snapshot: Snapshot | None = None
        self._policy = policy
        self.idle_ms = int(policy.idle_timeout_s * 1000)
        self._lost_ms = -1
        self.unsettled = False

    def breach(self, promise: str, facts: str) -> BreachError:
        """
        Return the error that tells of a broken promise.
        """
        return BreachError(promise, self.seed, self.step, (self.now_ms - self.start_ms) / 1000, facts)

    def configured(self, policy: Policy) -> None:
        """
        Hold the room to other settings from now on.
        """
        self._policy = policy
        self.idle_ms = int(policy.idle_timeout_s * 1000)
        self.door.change(policy.rate_per_minute, self.now_ms)

    def joined(self, lane: str, visitors: Sequence[str], replies: Sequence[JoinReply]) -> None:
        """
        Check what visitors were given who joined *lane*.
        """
        book, now_ms = self.lanes[lane], self.now_ms
        for visitor, (code, number, issued_ms, hard_end_ms, _) in zip(visitors, replies, strict=True):
            who = number_of(visitor)
            known = self.number[who]
            if not number or number == known:
                continue
            joined_ms = self.joined_ms[who]
            if known and joined_ms > self._lost_ms and now_ms - joined_ms < JOIN_REMEMBERED_MS:
                raise self.breach(ONE_PLACE, f"visitor {who} has number {known} and was given {number}")
            before = book.note(number, who)
            if before not in {-1, who}:
                raise self.breach(ONCE, f"number {number} of visitor {before} was given to visitor {who}")
            self.number[who], self.joined_ms[who] = number, now_ms
            if code is JoinCode.STRAIGHT and issued_ms == now_ms:
                self._check_nobody_waits(who)
                book.frontier = max(book.frontier, number + 1)
                self._call(book, who, number)
                self._admit(who, hard_end_ms)

    def _check_nobody_waits(self, who: int) -> None:
        for name, book in self.lanes.items():
            for rank in range(book.frontier, book.last + 1):
                other = book.holder[rank]
                if other >= 0 and other != who and self.number[other] == rank and self.due_ms[other] >= self.now_ms:
                    raise self.breach(ORDER, f"visitor {who} went straight in while {other} waited with {name} {rank}")

    def _call(self, book: LaneBook, who: int, rank: int) -> None:
        self.called_ms[who] = self.now_ms
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
        now_ms, policy = self.now_ms, self._policy
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
        self.due_ms[who] = 0
        self.joined_ms[who] = -JOIN_REMEMBERED_MS

    def seen(self, snapshot: Snapshot) -> None:
        """
        Note what a controller was shown before its next step.
        """
        self.snapshot = snapshot

    def advanced(self, step: Advance) -> None:
        """
        Check whom a step has called, and take over the rate in force.
        """
        snapshot = self.snapshot
        assert snapshot is not None
        assert snapshot.version == step.version
        for name, change in step.lanes.items():
            self._advance_lane(self.lanes[name], snapshot.lanes[name], change.frontier)

    def _advance_lane(self, book: LaneBook, lane: LaneSnapshot, frontier: int) -> None:
        now_ms, number, due_ms, called_ms = self.now_ms, self.number, self.due_ms, self.called_ms
        holder, holds = book.holder, lane.presence.holds
        for rank in range(book.frontier, min(frontier, book.last + 1)):
            who = holder[rank]
            if who < 0 or called_ms[who] or number[who] != rank:
                continue
            self._call(book, who, rank)
            if due_ms[who] >= now_ms and rank >= lane.frontier and not holds(rank):
                raise self.breach(GHOST, f"visitor {who}, who polls as told, was passed over at {rank}")
        book.frontier = max(book.frontier, frontier)

    def lost(self) -> None:
        """
        Note that the store has lost writes: until they have asked again, nobody is known to be there.
        """
        self._lost_ms = self.now_ms
        self.unsettled = True
        self.due_ms = array("q", [0]) * len(self.due_ms)

    def restored(self, last: Snapshot) -> None:
        """
        Note that somebody put the room back as it was in *last*.
        """
        for name, lane in last.lanes.items():
            book = self.lanes[name]
            book.frontier = max(book.frontier, lane.frontier)

    def settle(self, held: Iterable[str]) -> None:
        """
        When the room has recovered, forget the seats that nobody could put back; *held* are those that the store knows.
        """
        self.unsettled = False
        known = {self.holder_of(seat) for seat in held}
        for who, end_ms in enumerate(self.seats.end_ms):
            if end_ms > self.now_ms and who not in known:
                self._lose_seat(who)

    def told(self, who: int, before: int, position: int) -> None:
        """
        Check a position that *who* was shown after *before* (0: none).
        """
        if before and position > before:
            raise self.breach(POSITION, f"visitor {who} was shown {before}, then {position}")
