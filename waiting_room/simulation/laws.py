"""
Laws that were measured and not taken; `docs/adaptation.md` says why. Each is a step like `core.adaptation.adapt`.
"""

from dataclasses import replace
from math import sqrt
from typing import Final

from waiting_room.core.adaptation import FILL_S, Adaptation, Limits, Reading, measured

AIMD_CUT: Final = 0.7
AIMD_REST_MS: Final = 5000
"""A cut is felt only after a while; one in five seconds, as CrowdHandler looks at five seconds."""
AIMD_RISE: Final = 1 / 60
NETFLIX_QUEUE: Final = 4.0
NETFLIX_SMOOTHING: Final = 0.2
NETFLIX_TOLERANCE: Final = 1.5
NETFLIX_LONG: Final = 1 / 600
_A_DAY: Final = 86_400_000


def fixed(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Keep the ceiling, as a room does that does not adapt.
    """
    return replace(measured(state, reading), rate=limits.ceiling)


def aimd(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Raise the rate by a little each second; cut it where the shop is too slow or fails too much.

    Additive increase, multiplicative decrease (Chiu and Jain, 1989). *limit* holds when it was cut last.
    """
    took_s = (reading.now_ms - state.at_ms) / 1000
    state, health = measured(state, reading), reading.health
    if health is None:
        return state
    bad = health.p95_ms > limits.latency_target_ms or health.error_share > limits.error_target
    if not bad:
        rate = state.rate + AIMD_RISE * limits.ceiling * took_s
    elif reading.now_ms - state.limit >= AIMD_REST_MS:
        state = replace(state, limit=float(reading.now_ms))
        rate = state.rate * AIMD_CUT
    else:
        rate = state.rate
    return replace(state, rate=min(max(rate, limits.floor), limits.ceiling))


def gradient2(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Limit how many are inside by the ratio of the long mean latency to the present one.

    Netflix' concurrency-limits, ``Gradient2Limit``: ``limit * max(.5, min(1, 1.5 * long / now)) + 4``, smoothed by a
    fifth, with the long mean over 600 samples. *opened_ms* holds the long mean in thousandths.
    """
    state, health = measured(state, reading), reading.health
    if health is None or not health.requests:
        return _by_limit(state, reading, limits)
    now_ms = health.latency_ms / health.requests
    long_ms = state.opened_ms / 1000 if state.opened_ms < _A_DAY else now_ms
    long_ms += NETFLIX_LONG * (now_ms - long_ms)
    if long_ms > 2 * now_ms:
        long_ms *= 0.9
    state = replace(state, opened_ms=round(long_ms * 1000))
    if reading.seats < state.limit / 2:
        return _by_limit(state, reading, limits)
    gradient = max(0.5, min(1.0, NETFLIX_TOLERANCE * long_ms / max(now_ms, 1.0)))
    wanted = state.limit * gradient + NETFLIX_QUEUE
    limit = state.limit + NETFLIX_SMOOTHING * (wanted - state.limit)
    return _by_limit(replace(state, limit=min(float(limits.capacity), max(1.0, limit))), reading, limits)


def gradient(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Limit how many are inside by the ratio of the target to the present 95th percentile.

    Envoy's adaptive concurrency, ``limit * gradient + sqrt(limit)``, with the operator's target in place of the
    measured minimum, smoothed as Netflix does. A limit that is lowered starts from those who are there.
    """
    state, health = measured(state, reading), reading.health
    if health is None or not health.requests or reading.seats < state.limit / 2:
        return _by_limit(state, reading, limits)
    ratio = max(0.5, min(1.0, limits.latency_target_ms / max(health.p95_ms, 1.0)))
    within = min(state.limit, float(reading.seats)) if ratio < 1 else state.limit
    wanted = within * ratio + (sqrt(state.limit) if ratio == 1 else 0)
    limit = state.limit + NETFLIX_SMOOTHING * (wanted - state.limit)
    return _by_limit(replace(state, limit=min(float(limits.capacity), max(1.0, limit))), reading, limits)


def _by_limit(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    rate = 60 * (state.outflow + (state.limit - reading.seats) / FILL_S)
    return replace(state, rate=min(max(rate, limits.floor), limits.ceiling))
