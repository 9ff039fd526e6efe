"""
One step of the controller: from a snapshot to what is to be committed.
"""

from dataclasses import dataclass
from typing import Final

from waiting_room.core import estimate, pacing, polling
from waiting_room.core.presence import Presence
from waiting_room.core.snapshot import Snapshot

OWNER_MS: Final = 2000
"""A controller that is silent for two seconds loses the room to the next worker."""
MARK_STEP: Final = 50_000
"""The high-water mark is raised this far ahead: 6 KiB of bitmap if all of it becomes a gap."""
RECOVERY_MS: Final = 3000
"""Admissions rest this long after a loss: gates report every second, workers flush every second."""


@dataclass(frozen=True, slots=True)
class Advance:
    """
    Hold the commands of one step; they are committed only if the room is still at *version*.

    *called* people in [old frontier, *frontier*) are called; where *rotate* is set, a new presence slot of *slot_ms*
    begins for the ranks from *low* to *high*.
    """

    version: int
    epoch: int
    owner: str
    frontier: int
    called: int
    expected: float
    no_show: float
    leaving_per_s: float
    rotate: bool
    slot_ms: int
    high_water: int
    low: int
    high: int


def plan(snapshot: Snapshot, owner: str) -> Advance | None:
    """
    Return the next step for *owner*, or None while another controller holds the room.
    """
    if snapshot.owner not in {"", owner} and snapshot.now_ms < snapshot.owner_until_ms:
        return None
    no_show = pacing.measured_no_show(snapshot.no_show, snapshot.cohorts, snapshot.now_ms, snapshot.policy)
    still_expected = pacing.expected(snapshot.cohorts, snapshot.now_ms, no_show, snapshot.policy)
    due = pacing.calls_due(snapshot, still_expected, no_show)
    frontier, called = _reach(snapshot, int(due))
    rotate = snapshot.now_ms - snapshot.slot_at_ms >= snapshot.slot_ms
    return Advance(
        version=snapshot.version,
        epoch=snapshot.epoch,
        owner=owner,
        frontier=frontier,
        called=called,
        expected=still_expected + called * (1 - no_show),
        no_show=no_show,
        leaving_per_s=_leaving(snapshot) if rotate else snapshot.leaving_per_s,
        rotate=rotate,
        slot_ms=_next_slot_ms(snapshot) if rotate else snapshot.slot_ms,
        high_water=_mark(snapshot),
        low=snapshot.frontier,
        high=max(snapshot.frontier, snapshot.issued),
    )


def _reach(snapshot: Snapshot, due: int) -> tuple[int, int]:
    """
    Return the new frontier and how many present people it calls; ghosts are stepped over for nothing.
    """
    if due <= 0:
        return snapshot.frontier, 0
    presence = snapshot.presence
    if presence.total <= due:
        return max(snapshot.frontier, snapshot.issued + 1), presence.total
    return presence.nth(due) + 1, due


def _leaving(snapshot: Snapshot) -> float:
    """
    Return the measured rate at which waiting people fall silent, smoothed over slots.
    """
    slot_s = max(1.0, (snapshot.now_ms - snapshot.slot_at_ms) / 1000)
    total = snapshot.presence.total
    silent = total - Presence(snapshot.frontier, snapshot.fresh).total
    measured = silent / total / slot_s if total else 0.0
    return (snapshot.leaving_per_s + measured) / 2


def _next_slot_ms(snapshot: Snapshot) -> int:
    rate_per_s = estimate.call_rate_per_s(snapshot)
    return polling.slot_ms(snapshot.waiting, snapshot.policy, rate_per_s, snapshot.slot_ms)


def _mark(snapshot: Snapshot) -> int:
    if snapshot.high_water - snapshot.issued >= MARK_STEP // 2:
        return snapshot.high_water
    return snapshot.issued + MARK_STEP
