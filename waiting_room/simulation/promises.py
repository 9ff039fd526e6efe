"""
The promises, held at every verb of the store and at everything a visitor is told.

What is kept here is worked out from replies alone, apart from what the store and the core keep for themselves: who
holds which number, who has been called, who is inside until when, and how full the door's bucket may be.
"""

from array import array
from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from typing import Final

from waiting_room.core.lanes import STANDARD_LANE
from waiting_room.core.pacing import TICK_MS
from waiting_room.core.plan import RECOVERY_MS, Advance
from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Snapshot
from waiting_room.ports import Claim, ClaimCode, ClaimReply, JoinCode, JoinReply, TouchReply
from waiting_room.simulation.breach import BreachError

JOIN_REMEMBERED_MS: Final = 60_000
_ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""
_WHO_BITS: Final = 24

CAPACITY: Final = "seats never exceed capacity"
RATE: Final = "admissions in any window stay within rate x window + a tick's burst"
ORDER: Final = "nobody goes in before a present visitor with a lower rank"
GHOST: Final = "who polls as told is never taken for a ghost"
PLACE: Final = "a place never changes"
ONCE: Final = "no number is given twice"
ONE_PLACE: Final = "nobody has two places or two seats"
SEAT: Final = "a seat in use is held until its end"
POSITION: Final = "the position that is shown never rises"
PROGRESS: Final = "where people wait and a seat is free, somebody is called"


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
        self.seat_end_ms = array("q", [0]) * count
        self.holder = array("i", [-1]) * (count + 1024)
        self.frontier = 1
        self.seats = 0
        self.seats_lost = 0
        self.admitted = 0
        self.calls = array("i")
        self._ends: list[int] = []
        self.snapshot: Snapshot | None = None
        self._policy = policy
        self._level = 0
        self._level_ms = start_ms
        self._depth = _depth(policy)
        self._lost_ms = -1
        self._recover_ms = -1

    def breach(self, promise: str, facts: str) -> BreachError:
        """
        Return the error that tells of a broken promise.
        """
        return BreachError(promise, self.seed, self.step, (self.now_ms - self.start_ms) / 1000, facts)

    def configured(self, policy: Policy, now_ms: int) -> None:
        """
        Hold the room to other settings from now on; what the bucket held before may still go in.
        """
        self._drain(now_ms)
        self._policy = policy
        self._depth = max(self._depth, _depth(policy)) if self._level else _depth(policy)

    def joined(self, visitors: Sequence[str], replies: Sequence[JoinReply], now_ms: int) -> None:
        """
        Check what visitors were given who joined.
        """
        for visitor, (code, number, issued_ms, hard_end_ms, _) in zip(visitors, replies, strict=True):
            if not number:
                continue
            who = number_of(visitor)
            known = self.number[who]
            if known != number:
                if known and now_ms - self.joined_ms[who] < JOIN_REMEMBERED_MS and self.joined_ms[who] > self._lost_ms:
                    raise self.breach(ONE_PLACE, f"visitor {who} has number {known} and was given {number}")
                self._hold(who, number)
                self.joined_ms[who] = now_ms
            if code is JoinCode.STRAIGHT and issued_ms == now_ms and known != number:
                self._overtakes(who, number)
                self.frontier = max(self.frontier, number + 1)
                self.called_ms[who] = now_ms
                self.calls.append(number)
                self._admit(who, hard_end_ms, now_ms)

    def _hold(self, who: int, number: int) -> None:
        holder = self.holder
        if number >= len(holder):
            holder.extend(array("i", [-1]) * (number - len(holder) + 1024))
        if holder[number] not in {-1, who}:
            raise self.breach(ONCE, f"number {number} of visitor {holder[number]} was given to visitor {who}")
        holder[number] = who
        self.number[who] = number

    def _overtakes(self, who: int, number: int) -> None:
        for rank in range(self.frontier, number):
            other = self.holder[rank]
            if other >= 0 and self.number[other] == rank and self.due_ms[other] >= self.now_ms:
                raise self.breach(ORDER, f"visitor {who} went straight in with {number} before {rank} was called")

    def claimed(self, claims: Sequence[Claim], replies: Sequence[ClaimReply], now_ms: int) -> None:
        """
        Check what came of claims.
        """
        for claim, (code, _, hard_end_ms, _) in zip(claims, replies, strict=True):
            if code is ClaimCode.ADMITTED:
                who = number_of(claim.visitor)
                if claim.rank >= self.frontier:
                    raise self.breach(
                        ORDER, f"visitor {who} went in with {claim.rank}, called are those below {self.frontier}"
                    )
                if self._holds_seat(who) and self.admitted_ms[who] > self._lost_ms:
                    raise self.breach(ONE_PLACE, f"visitor {who} was given a second seat with {claim.rank}")
                self._admit(who, hard_end_ms, now_ms)

    def _holds_seat(self, who: int) -> bool:
        return self.seat_end_ms[who] > self.now_ms

    def _admit(self, who: int, hard_end_ms: int, now_ms: int) -> None:
        self.release_due(now_ms)
        self._drain(now_ms)
        self._level += _ADMISSION
        if self._level > self._depth:
            over = (self._level - self._depth) / _ADMISSION
            bound = f"{self._policy.rate_per_minute} a minute and a tick's burst"
            raise self.breach(RATE, f"visitor {who} is {over:.2f} admissions above {bound}")
        end_ms = min(now_ms + int(self._policy.idle_timeout_s * 1000), hard_end_ms)
        self._free(who)
        self.seats += 1
        if self.seats > self._policy.capacity:
            raise self.breach(CAPACITY, f"visitor {who} took seat {self.seats} of {self._policy.capacity}")
        self.seat_end_ms[who] = end_ms
        heappush(self._ends, end_ms << _WHO_BITS | who)
        self.admitted += 1
        self.admitted_ms[who] = now_ms

    def _drain(self, now_ms: int) -> None:
        self._level -= (now_ms - self._level_ms) * self._policy.rate_per_minute
        self._level_ms = now_ms
        if self._level <= 0:
            self._level = 0
            self._depth = _depth(self._policy)

    def release_due(self, now_ms: int) -> None:
        """
        Take those from the seats whose end has come.
        """
        ends, end_of = self._ends, self.seat_end_ms
        while ends and ends[0] >> _WHO_BITS <= now_ms:
            who = heappop(ends) & (1 << _WHO_BITS) - 1
            end_ms = end_of[who]
            if end_ms > now_ms:
                heappush(ends, end_ms << _WHO_BITS | who)
            elif end_ms:
                end_of[who] = 0
                self.seats -= 1

    def touched(self, seats: Mapping[str, int], released: Sequence[str], reply: TouchReply, now_ms: int) -> None:
        """
        Check that seats in use are held, and follow their ends.
        """
        self.release_due(now_ms)
        idle_ms, end_of, holder = int(self._policy.idle_timeout_s * 1000), self.seat_end_ms, self.holder
        gone = frozenset(reply.gone)
        for seat, hard_end_ms in seats.items():
            rank = int(seat.rpartition(".")[2])
            who = holder[rank]
            if seat not in gone:
                if end_of[who]:
                    end_of[who] = min(now_ms + idle_ms, hard_end_ms)
                continue
            if end_of[who]:
                if self._lost_ms < 0:
                    raise self.breach(SEAT, f"the seat of visitor {who} is gone before its end")
                self._lose_seat(who)
        for seat in released:
            who = holder[int(seat.rpartition(".")[2])]
            self._free(who)

    def _free(self, who: int) -> None:
        if self.seat_end_ms[who]:
            self.seat_end_ms[who] = 0
            self.seats -= 1

    def _lose_seat(self, who: int) -> None:
        self._free(who)
        self.seats_lost += 1

    def left(self, visitor: str) -> None:
        """
        Note that a visitor gave back what they had.
        """
        who = number_of(visitor)
        self._free(who)
        self.due_ms[who] = 0
        self.joined_ms[who] = -JOIN_REMEMBERED_MS

    def seen(self, snapshot: Snapshot) -> None:
        """
        Note what a controller was shown before its next step.
        """
        self.snapshot = snapshot

    def advanced(self, step: Advance, now_ms: int) -> None:
        """
        Check whom a step has called: none who is there was taken for a ghost.
        """
        snapshot = self.snapshot
        assert snapshot is not None
        assert snapshot.version == step.version
        lane, reached = snapshot.standard, step.lanes[STANDARD_LANE].frontier
        low, high = self.frontier, min(reached, len(self.holder))
        if high > low:
            holder, due_ms, called_ms = self.holder, self.due_ms, self.called_ms
            holds = lane.presence.holds
            for rank in range(low, high):
                who = holder[rank]
                if who < 0 or called_ms[who] or self.number[who] != rank:
                    continue
                called_ms[who] = now_ms
                self.calls.append(rank)
                if due_ms[who] >= now_ms and rank >= lane.frontier and not holds(rank):
                    raise self.breach(GHOST, f"visitor {who}, who polls as told, was passed over at {rank}")
        self.frontier = max(self.frontier, reached)

    def lost(self, now_ms: int) -> None:
        """
        Note that the store has lost writes: until they have asked again, nobody is known to be there.
        """
        self._lost_ms = now_ms
        self._recover_ms = now_ms + RECOVERY_MS
        for who in range(len(self.due_ms)):
            self.due_ms[who] = 0

    def restored(self, last: Snapshot, now_ms: int) -> None:
        """
        Note that somebody put the room back as it was in *last*.
        """
        self._recover_ms = max(self._recover_ms, now_ms + RECOVERY_MS)
        self.frontier = max(self.frontier, last.standard.frontier)

    def settle(self, held: frozenset[str], now_ms: int) -> None:
        """
        After a loss, forget the seats that nobody could put back.
        """
        if self._lost_ms < 0 or now_ms < self._recover_ms:
            return
        self._recover_ms = now_ms + 10 * TICK_MS * 1_000_000
        for who, end_ms in enumerate(self.seat_end_ms):
            if end_ms > now_ms and f"standard.{self.number[who]}" not in held:
                self._lose_seat(who)

    def told(self, who: int, before: int, position: int) -> None:
        """
        Check a position that *who* was shown after *before* (0: none).
        """
        if before and position > before:
            raise self.breach(POSITION, f"visitor {who} was shown {before}, then {position}")


def _depth(policy: Policy) -> int:
    return max(_ADMISSION, policy.rate_per_minute * TICK_MS)
