"""
What is told of a room, as plain values: to anybody, and to its operator.
"""

from typing import Any

from waiting_room.core import steering
from waiting_room.core.prequeue import published
from waiting_room.core.snapshot import Snapshot


def public_state(snapshot: Snapshot) -> dict[str, Any]:
    """
    Return what anybody may know of a room; nothing of any visitor.

    *frontier* and *issued* are those of the lane `standard`.
    """
    return {
        "room": snapshot.room,
        "phase": snapshot.phase.value,
        "mode": snapshot.policy.mode,
        "rate_per_minute": snapshot.rate_limit,
        "capacity": snapshot.capacity,
        "seats": snapshot.seats,
        "frontier": snapshot.standard.frontier,
        "issued": snapshot.standard.issued,
        "waiting": snapshot.waiting,
        "lanes": {
            lane: {"waiting": held.waiting, "frontier": held.frontier, "issued": held.issued}
            for lane, held in snapshot.lanes.items()
        },
        "admitted_total": snapshot.admitted,
        "sold_out": snapshot.shop.sold_out,
        "message": snapshot.message,
        "opens_in_s": _seconds(snapshot.opens_in_ms),
        "resumes_in_s": _seconds(snapshot.resumes_in_ms),
        "audit_head": str(snapshot.head),
        "draws": published(snapshot.promise, snapshot.draws),
        "as_of_ms": snapshot.now_ms,
    }


def admin_state(snapshot: Snapshot) -> dict[str, Any]:
    """
    Return what an operator may know of a room.
    """
    return public_state(snapshot) | {
        "policy": snapshot.policy.as_dict(),
        "seats_peak": snapshot.seats_peak,
        "expected": round(snapshot.expected, 3),
        "no_show": round(snapshot.no_show, 4),
        "leaving_per_s": round(snapshot.leaving_per_s, 6),
        "version": snapshot.version,
        "epoch": snapshot.epoch,
        "recovering": snapshot.recovering,
        "rate_in_force": snapshot.rate_per_minute,
        "shop": steering.said(snapshot),
        "high_water": {lane: held.high_water for lane, held in snapshot.lanes.items()},
        "owed_calls": {lane: round(held.credit, 3) for lane, held in snapshot.lanes.items()},
        "owner": snapshot.owner,
        "crowded": snapshot.crowded_ms > 0,
        "shadow": None if snapshot.shadow is None else snapshot.shadow.as_dict(),
    }


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
