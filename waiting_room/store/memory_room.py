"""
What a room in memory holds: the same as a room in Redis, with sets of ranks instead of bitmaps.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from waiting_room.core import plan as steps
from waiting_room.core.pacing import DOOR_MS
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_RANKS, Presence, chunk_of
from waiting_room.core.snapshot import Cohort, Snapshot

COHORTS_KEPT: Final = 300
ADMISSION: Final = 60_000
"""One admission in the units of the door's bucket: a rate per minute times milliseconds stays whole."""


@dataclass(slots=True)
class Held:
    """
    Hold a seat's ends, its issue and its hard end.
    """

    end_ms: int
    issued_ms: int
    hard_end_ms: int


@dataclass(slots=True)
class Joined:
    """
    Remember a join: the number, whether a seat was taken with it, and until when.
    """

    number: int
    seated: bool
    until_ms: int


@dataclass(slots=True)
class MemoryRoom:
    """
    Hold what Redis holds of a room; ranks as sets instead of bitmaps.
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
    issued: int = 0
    frontier: int = 1
    high_water: int = steps.MARK_STEP
    tokens: int = ADMISSION
    lost: int = 0
    admitted: int = 0
    peak: int = 0
    expired: int = 0
    over: int = 0
    expected: int = 0
    no_show: int = 0
    leaving: int = 0
    recover_until: int = 0
    owner: str = ""
    owner_until: int = 0
    seats: dict[str, Held] = field(default_factory=dict)
    joined: dict[str, Joined] = field(default_factory=dict)
    present: set[int] = field(default_factory=set)
    before: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)
    door: dict[int, int] = field(default_factory=dict)
    cohorts: list[Cohort] = field(default_factory=list)

    def refill(self, now_ms: int) -> None:
        """
        Fill the bucket of the paced door; what overflows is lost and counted.
        """
        depth = max(ADMISSION, self.numbers["rate"] * 250)
        self.tokens += max(0, now_ms - self.tokens_at) * self.numbers["rate"]
        if self.tokens > depth:
            self.lost += self.tokens - depth
            self.tokens = depth
        self.tokens_at = max(now_ms, self.tokens_at)

    def overflows_in_ms(self) -> int:
        """
        Return how long it takes until the bucket overflows; a minute stands for never.
        """
        rate = self.numbers["rate"]
        return min(60_000, -(-(max(ADMISSION, rate * 250) - self.tokens) // rate)) if rate else 60_000

    def purge(self, now_ms: int) -> None:
        """
        Free the seats whose end has come.
        """
        ended = [seat for seat, held in self.seats.items() if held.end_ms <= now_ms]
        for seat in ended:
            del self.seats[seat]
        self.expired += len(ended)

    def give_seat(self, seat: str, now_ms: int) -> Held:
        """
        Hold a seat until idle end or hard end.
        """
        hard = now_ms + self.numbers["session_ms"]
        held = self.seats[seat] = Held(min(now_ms + self.numbers["idle_ms"], hard), now_ms, hard)
        self.over += len(self.seats) > self.policy.capacity
        self.tokens -= ADMISSION
        self.admitted += 1
        self.peak = max(self.peak, len(self.seats))
        return held

    def straight(self, now_ms: int) -> bool:
        """
        Return whether a newcomer would be let in at once.
        """
        return (
            self.phase is Phase.OPEN
            and now_ms >= self.recover_until
            and self.frontier > self.issued
            and self.expected < 500
            and len(self.seats) < self.policy.capacity
            and self.tokens >= ADMISSION
        )

    def recover(self, last: Snapshot, now_ms: int) -> None:
        """
        Begin a new epoch after that of *last*, which is what somebody remembers: admissions rest for a while.
        """
        self.epoch, self.phase = last.epoch + 1, last.phase
        self.recover_until = now_ms + steps.RECOVERY_MS
        self.tokens, self.tokens_at = 0, now_ms
        self.owner, self.owner_until = "", 0

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

    def read(self, name: str, now_ms: int) -> Snapshot:
        """
        Return the room, called *name*, as it is at this moment.
        """
        self.refill(now_ms)
        self.purge(now_ms)
        self.door = {rank: seen_ms for rank, seen_ms in self.door.items() if seen_ms > now_ms - DOOR_MS}
        fresh = _bits(self.frontier, self.issued, self.present)
        both = _bits(self.frontier, self.issued, self.present | self.before)
        return Snapshot(
            room=name,
            policy=self.policy,
            now_ms=now_ms,
            epoch=self.epoch,
            version=self.version,
            phase=self.phase,
            issued=self.issued,
            frontier=self.frontier,
            high_water=self.high_water,
            seats=len(self.seats),
            seats_peak=self.peak,
            seats_expired=self.expired,
            seats_over=self.over,
            admitted=self.admitted,
            tokens=self.tokens / ADMISSION,
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
            cohorts=tuple(self._with_claims()),
            presence=Presence(self.frontier, both),
            fresh=fresh,
        )

    def _with_claims(self) -> list[Cohort]:
        first = self.cohorts[0].low if self.cohorts else 0
        claimed, door = sorted(rank for rank in self.claimed if rank >= first), sorted(self.door)
        return [
            replace(
                cohort,
                claimed=bisect_left(claimed, cohort.high) - bisect_left(claimed, cohort.low),
                at_door=bisect_left(door, cohort.high) - bisect_left(door, cohort.low),
            )
            for cohort in self.cohorts
        ]


def ranks_of(first_chunk: int, bits: bytes) -> set[int]:
    """
    Return the ranks that *bits* name, which begin at *first_chunk*.
    """
    base = first_chunk * CHUNK_RANKS
    return {
        base + at * 8 + offset for at, byte in enumerate(bits) if byte for offset in range(8) if byte & 0x80 >> offset
    }


def _bits(frontier: int, issued: int, ranks: set[int]) -> bytes:
    base = chunk_of(frontier) * CHUNK_RANKS
    size = (chunk_of(max(frontier, issued)) + 1) * CHUNK_RANKS - base
    bits = bytearray(size // 8)
    for rank in ranks:
        offset = rank - base
        if 0 <= offset < size:
            bits[offset >> 3] |= 0x80 >> (offset & 7)
    return bytes(bits)
