"""
Snapshots for the tests of the core: a room with ten admissions a second and nobody there, unless a test says else.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from waiting_room.core.phase import Phase
from waiting_room.core.policy import Policy
from waiting_room.core.presence import CHUNK_RANKS, Presence, chunk_of
from waiting_room.core.snapshot import LaneSnapshot, Snapshot

NOW_MS = 1_800_000_000_000
POLICY = Policy(capacity=100, rate_per_minute=600, claim_window_s=60)


def bits_of(ranks: Iterable[int], base: int = 0) -> bytes:
    """
    Return the bitmap of *ranks*, which begins at *base*.
    """
    offsets = [rank - base for rank in ranks]
    bits = bytearray(max(offsets, default=-1) // 8 + 1)
    for offset in offsets:
        bits[offset >> 3] |= 0x80 >> (offset & 7)
    return bytes(bits)


def presence(ranks: Iterable[int], frontier: int = 1) -> Presence:
    """
    Return the presence of *ranks*, all of them at the chunk of *frontier* or beyond.
    """
    return Presence(frontier, bits_of(ranks, chunk_of(frontier) * CHUNK_RANKS))


BASE = Snapshot(
    room="toys",
    policy=POLICY,
    now_ms=NOW_MS,
    epoch=1,
    version=7,
    phase=Phase.OPEN,
    lanes={"standard": LaneSnapshot(issued=0, frontier=1, high_water=50_000, presence=presence(()))},
    rate_per_minute=POLICY.rate_per_minute,
    seats=0,
    seats_peak=0,
    seats_expired=0,
    seats_over=0,
    admitted=0,
    tokens=1.0,
    lost_tokens=0.0,
    expected=0.0,
    no_show=0.0,
    leaving_per_s=0.0,
    slot_at_ms=NOW_MS - 1000,
    slot_ms=15_000,
    recover_until_ms=0,
    ticked_ms=NOW_MS - 250,
    owner="",
    owner_until_ms=0,
)


def lane(ranks: Iterable[int] = (), *, frontier: int = 1, **changes: Any) -> LaneSnapshot:
    """
    Return a lane in which *ranks* are present and those below *frontier* have been called.
    """
    there = sorted(ranks)
    base = chunk_of(frontier) * CHUNK_RANKS
    counters: dict[str, Any] = {
        "issued": max([frontier - 1, *there]),
        "high_water": 50_000,
        "fresh": bits_of([rank for rank in there if rank >= base], base),
    }
    return LaneSnapshot(frontier=frontier, presence=presence(there, frontier), **(counters | changes))


def snapshot(ranks: Iterable[int] = (), *, frontier: int = 1, **changes: Any) -> Snapshot:
    """
    Return a room in whose only lane *ranks* are present and those below *frontier* have been called; it goes at the
    rate of its policy.
    """
    of_lane = {name: changes.pop(name) for name in ("issued", "high_water", "cohorts", "fresh") if name in changes}
    policy = changes.get("policy", BASE.policy)
    made = {"lanes": {"standard": lane(ranks, frontier=frontier, **of_lane)}, "rate_per_minute": policy.rate_per_minute}
    return replace(BASE, **(made | changes))


def lanes(policy: Policy, **there: LaneSnapshot) -> Snapshot:
    """
    Return a room with several lanes.
    """
    return replace(BASE, policy=policy, lanes=there, rate_per_minute=policy.rate_per_minute)
