"""
From the scripts' replies to values of the domain; the only place that knows their order.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from json import loads
from typing import Any, Final

from waiting_room.core.pacing import burst
from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_RANKS, Presence, assemble, chunk_of, chunks_between, count_between, merge
from waiting_room.core.snapshot import Cohort, Snapshot
from waiting_room.ports import ClaimCode, ClaimReply, JoinCode, JoinReply, TouchReply

EMPTY: Final = -100
BEYOND_CHUNKS: Final = -8
BEYOND_MARK: Final = -9
_ADMISSION: Final = 60_000


@dataclass(frozen=True, slots=True)
class Counters:
    """
    Hold what the snapshot script said, before the bitmaps are read.
    """

    room: str
    now_ms: int
    seats: int
    policy: Policy
    fields: Mapping[str, str]
    cohorts: tuple[Cohort, ...]
    at_door: tuple[int, ...]

    def whole(self, name: str) -> int:
        """
        Return a field as a whole number, 0 where it is missing.
        """
        return int(float(self.fields.get(name) or 0))

    @property
    def waiting_chunks(self) -> range:
        """
        Return the chunks from the frontier to the last number.
        """
        return chunks_between(self.whole("frontier"), max(self.whole("frontier"), self.whole("issued")))

    @property
    def called_chunks(self) -> range:
        """
        Return the chunks of those who were called lately.
        """
        if not self.cohorts:
            return range(0)
        return chunks_between(self.cohorts[0].low, self.cohorts[-1].high)


def numbers_of(policy: Policy) -> dict[str, int]:
    """
    Return what the scripts must know of a policy.
    """
    return {
        "capacity": policy.capacity,
        "rate": policy.rate_per_minute,
        "idle_ms": int(policy.idle_timeout_s * 1000),
        "session_ms": int(policy.max_session_s * 1000),
    }


def read_joins(reply: Sequence[int]) -> list[JoinReply | int]:
    """
    Return a reply for each visitor; BEYOND_CHUNKS or BEYOND_MARK in place of those to be asked again.
    """
    now_ms = reply[0]
    found: list[JoinReply | int] = []
    for at in range(2, len(reply), 4):
        code, number, issued_ms, hard_end_ms = reply[at : at + 4]
        if code in {BEYOND_CHUNKS, BEYOND_MARK}:
            found.append(code)
        else:
            found.append(JoinReply(JoinCode(code), number, issued_ms, hard_end_ms, now_ms))
    return found


def read_claims(reply: Sequence[int]) -> list[ClaimReply]:
    """
    Return a reply for each claim.
    """
    return [
        ClaimReply(code := ClaimCode(reply[at]), reply[at + 1], reply[at + 2], reply[1] * (code is ClaimCode.PACED))
        for at in range(2, len(reply), 3)
    ]


def read_touch(reply: Sequence[Any], seats: Sequence[str]) -> TouchReply:
    """
    Return what a gate must know; *seats* in the order in which they were sent.
    """
    gone = tuple(seats[place - 1] for place in reply[3:])
    return TouchReply(gone, Phase(reply[1]), straight=reply[2] == 1, now_ms=reply[0])


def read_counters(room: str, reply: Sequence[Any]) -> Counters:
    """
    Return the counters of a snapshot.
    """
    end = _fields_end(reply)
    pairs = reply[3:end]
    fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
    policy = Policy.parse(loads(reply[2]), room)
    tail = reply[end + 1 :]
    gap = tail.index("")
    cohorts = tuple(_cohort(text) for text in tail[:gap])
    return Counters(room, reply[0], reply[1], policy, fields, cohorts, tuple(sorted(map(int, tail[gap + 1 :]))))


def _fields_end(reply: Sequence[Any]) -> int:
    at = 3
    while reply[at]:
        at += 2
    return at


def _cohort(text: str) -> Cohort:
    at_ms, low, high, present = (int(part) for part in text.split(":"))
    return Cohort(at_ms, low, high, present)


def assemble_snapshot(
    counters: Counters, present: Mapping[int, bytes], before: Mapping[int, bytes], claimed: Mapping[int, bytes]
) -> Snapshot:
    """
    Return the snapshot of *counters* and the bitmaps of their chunks.
    """
    frontier = counters.whole("frontier")
    fresh = assemble(present, counters.waiting_chunks)
    both = merge(fresh, assemble(before, counters.waiting_chunks))
    policy = counters.policy
    return Snapshot(
        room=counters.room,
        policy=policy,
        now_ms=counters.now_ms,
        epoch=counters.whole("epoch"),
        version=counters.whole("version"),
        phase=Phase(counters.fields["phase"]),
        issued=counters.whole("issued"),
        frontier=frontier,
        high_water=counters.whole("high_water"),
        seats=counters.seats,
        seats_peak=counters.whole("peak"),
        seats_expired=counters.whole("expired"),
        seats_over=counters.whole("over"),
        admitted=counters.whole("admitted"),
        tokens=min(counters.whole("door_tokens") / _ADMISSION, burst(policy)),
        lost_tokens=counters.whole("door_lost") / _ADMISSION,
        expected=counters.whole("expected") / 1000,
        no_show=counters.whole("no_show") / 1e6,
        leaving_per_s=counters.whole("leaving") / 1e6,
        slot_at_ms=counters.whole("slot_at"),
        slot_ms=counters.whole("slot_ms"),
        recover_until_ms=counters.whole("recover_until"),
        ticked_ms=counters.whole("ticked"),
        owner=counters.fields.get("owner", ""),
        owner_until_ms=counters.whole("owner_until"),
        cohorts=_with_claims(counters, claimed),
        presence=Presence(frontier, both),
        fresh=fresh,
    )


def _with_claims(counters: Counters, claimed: Mapping[int, bytes]) -> tuple[Cohort, ...]:
    if not counters.cohorts:
        return ()
    base = chunk_of(counters.cohorts[0].low) * CHUNK_RANKS
    bits = assemble(claimed, counters.called_chunks)
    door = counters.at_door
    return tuple(
        replace(
            cohort,
            claimed=count_between(bits, base, cohort.low, cohort.high),
            at_door=bisect_left(door, cohort.high) - bisect_left(door, cohort.low),
        )
        for cohort in counters.cohorts
    )
