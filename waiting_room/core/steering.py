"""
The rate in force: the operator's word, or what the law of adaptation finds, or the ceiling.
"""

from dataclasses import replace
from typing import Any

from waiting_room.core.adaptation import (
    FIXED,
    OVERRIDDEN,
    STEP_MS,
    Adaptation,
    Limits,
    Reading,
    adapt,
    begin,
    measured,
    warmed_up,
)
from waiting_room.core.health import recent
from waiting_room.core.snapshot import Snapshot


def steer(snapshot: Snapshot) -> tuple[int, Adaptation | None]:
    """
    Return the rate in force from now on, in admissions a minute, and what is to be remembered for the next step.

    Nothing exceeds the rate of the policy or its schedule. While the operator's word holds the law looks on, so that it
    can take over.
    """
    policy, override = snapshot.policy, snapshot.shop.override
    state = _state(snapshot) if policy.adaptive or policy.warm_up_s else None
    ceiling = snapshot.rate_limit
    wanted = ceiling if state is None else round(state.rate)
    return min(wanted if override is None else override, ceiling), state


def _state(snapshot: Snapshot) -> Adaptation:
    now_ms, limits, before = snapshot.now_ms, limits_of(snapshot), snapshot.shop.adaptation
    reading = Reading(now_ms, snapshot.seats, snapshot.admitted, recent(snapshot.shop.health, now_ms))
    if before is None:
        return begin(reading, limits)
    if not snapshot.admits or snapshot.recovering:
        # Whatever was learnt stays; the next opening begins with its warm-up.
        return replace(
            before, at_ms=now_ms, opened_ms=now_ms, heard_ms=now_ms, seats=reading.seats, admitted=reading.admitted
        )
    if now_ms - before.at_ms < STEP_MS:
        return before
    if snapshot.policy.adaptive:
        return adapt(before, reading, limits)
    return replace(measured(before, reading), rate=warmed_up(before, now_ms, limits))


def follows_shop(snapshot: Snapshot) -> bool:
    """
    Return whether the rate is what the law of adaptation finds, and the law lets in fewer than there are seats.
    """
    shop = snapshot.shop
    if not snapshot.policy.adaptive or shop.adaptation is None or shop.override is not None:
        return False
    return shop.adaptation.limit < snapshot.capacity


def limits_of(snapshot: Snapshot) -> Limits:
    """
    Return what the law keeps within in this room.
    """
    policy = snapshot.policy
    return Limits(
        floor=float(min(policy.rate_floor_per_minute, snapshot.rate_limit)),
        ceiling=float(snapshot.rate_limit),
        capacity=max(1, snapshot.capacity),
        latency_target_ms=float(policy.latency_target_ms),
        error_target=policy.error_target,
        warm_up_ms=policy.warm_up_s * 1000,
    )


def said(snapshot: Snapshot) -> dict[str, Any]:
    """
    Return what an operator may know of the shop behind a room, in plain values.
    """
    shop, health, state = snapshot.shop, recent(snapshot.shop.health, snapshot.now_ms), snapshot.shop.adaptation
    return {
        "mode": mode_of(snapshot),
        "override": shop.override,
        "limit": snapshot.capacity if state is None else round(min(state.limit, snapshot.capacity)),
        "p95_ms": None if health is None else round(health.p95_ms),
        "error_share": None if health is None else round(health.error_share, 4),
        "stock": shop.stock,
        "sold_out": shop.sold_out,
    }


def mode_of(snapshot: Snapshot) -> str:
    """
    Return what the rate follows: a word of `core.adaptation.MODES`.
    """
    shop = snapshot.shop
    if shop.override is not None:
        return OVERRIDDEN
    return shop.adaptation.mode.value if snapshot.policy.adaptive and shop.adaptation else FIXED
