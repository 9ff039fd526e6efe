"""
How fast the room may let in, from how the shop fares: no operator, and no knowledge of the shop.

The law limits how many are *inside*, for that is what loads a shop: each of them asks for a page, reads it, asks for
the next. A request in flight is one of them waiting, so requests beyond what the target allows are shoppers beyond
what the shop can bear, one for one:

    limit = inside - in flight * (1 - target / p95)

This is TCP Vegas (Brakmo and Peterson, 1995), which takes the queue that it causes out of its window, with Little's
law to tell the queue. The ratio of latencies alone (Netflix' concurrency-limits, Envoy's adaptive concurrency) would
throw out nine of ten inside where a page takes ten times as long, though only those who wait for it are too many:
shoppers think between two pages. Then the rate follows: as many as go out, and what is missing below the limit.
``docs/adaptation.md`` holds the comparison.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from waiting_room.core.health import Health

STEP_MS: Final = 1000
"""Gates report once a second: sooner there is nothing new."""
AIM: Final = 0.45
"""The law aims at this share of the target, so that what comes by chance stays within it: at 0.55 a shop that halves
is back within its target after 35 s instead of 28, at 0.40 it sells 2 % less."""
FILL_S: Final = 6.0
"""The gap below the limit is filled in this time; faster, and the pages that the newcomers ask for are not yet seen."""
GROWTH: Final = 0.03
"""The limit grows by this share a second at most: it doubles in 24 s, about a session of the shops measured."""
CUT: Final = 0.8
"""How much of the way to a lower limit is gone in a step; all of it would follow every chance."""
USED: Final = 0.75
"""A limit of which less is used says nothing of the shop, and does not grow."""
PUSH: Final = 0.8
"""A shop that is quick again is given at once this share of what it was seen to bear."""
ERRORS_CUT: Final = 0.9
DOWN_SHARE: Final = 0.5
"""A shop that fails half of its answers is down, not slow: fewer inside would not help it."""
DOWN_ANSWERS: Final = 5
BACK_ANSWERS: Final = 3
PROBE_PER_MINUTE: Final = 12.0
"""One in five seconds, to hear whether the shop is back, when nobody inside is left to tell."""
SILENT_MS: Final = 30_000
"""Gates that are silent: the last rate stays for this long, and within as long again falls to half."""
SILENT_SHARE: Final = 0.5
_OUTFLOW_WEIGHT: Final = 0.3
_BORNE_WEIGHT: Final = 0.05


class Mode(StrEnum):
    """
    Tell what the rate follows.
    """

    FOLLOWING = "following"
    """the shop's health"""
    HOLDING = "holding"
    """nothing: the shop is down, and nobody goes in but to probe"""
    SILENT = "silent"
    """the last that was known: no gate reports"""


FIXED: Final = "fixed"
OVERRIDDEN: Final = "overridden"
MODES: Final = (FIXED, OVERRIDDEN, *(mode.value for mode in Mode))
"""What a rate can follow: the policy's number, the operator's, or what a `Mode` says."""


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Hold what the law keeps within: rates per minute, seats, the target of the 95th percentile, a share of errors.
    """

    floor: float
    ceiling: float
    capacity: int
    latency_target_ms: float
    error_target: float
    warm_up_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Hold what a step is decided on; *admitted* is the count since ever, *health* None while no gate reports.
    """

    now_ms: int
    seats: int
    admitted: int
    health: Health | None


@dataclass(frozen=True, slots=True)
class Adaptation:
    """
    Hold what the law remembers between two steps.

    *rate* is in admissions a minute. *limit*: how many may be inside; the capacity, until the shop shows that it bears
    less. *outflow*: how many go out a second; *borne*: the same, as it is in the long run while the shop is busy.
    *heard_ms*: when a gate reported last.
    """

    at_ms: int
    opened_ms: int
    heard_ms: int
    rate: float
    limit: float
    seats: int
    admitted: int
    outflow: float = 0.0
    borne: float = 0.0
    mode: Mode = Mode.FOLLOWING


def begin(reading: Reading, limits: Limits) -> Adaptation:
    """
    Return the state at the opening: the ceiling, or the floor from which a warm-up rises to it.
    """
    now_ms = reading.now_ms
    rate = limits.floor if limits.warm_up_ms else limits.ceiling
    return Adaptation(now_ms, now_ms, now_ms, rate, float(limits.capacity), reading.seats, reading.admitted)


def adapt(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Return the state after one more look; the rate is within floor and ceiling, or 0 up to a probe while holding.
    """
    state = measured(state, reading)
    health = reading.health
    if health is None:
        # A shop that has died takes its gates with it: their silence is no sign that it is back.
        return _held(state, limits, told=False) if state.mode is Mode.HOLDING else _silent(state, reading, limits)
    state = replace(state, heard_ms=reading.now_ms)
    if _is_down(health) or (state.mode is Mode.HOLDING and not _is_back(health)):
        return _held(state, limits, told=health.requests > 0 or health.in_flight_ms > 0)
    calm = is_calm(health, limits)
    limit = higher_limit(state, reading, health, limits) if calm else lower_limit(state, reading, health, limits)
    borne = state.borne
    if not calm or state.outflow > borne:  # while it is not busy, the shop shows only that it bears at least so much
        borne += _BORNE_WEIGHT * (state.outflow - borne)
    rate = 60 * (state.outflow + (limit - reading.seats) / FILL_S)
    if calm:
        rate = max(rate, 60 * PUSH * borne)
    rate = min(max(rate, limits.floor), warmed_up(state, reading.now_ms, limits))
    return replace(state, rate=rate, limit=limit, borne=borne, mode=Mode.FOLLOWING)


def is_calm(health: Health, limits: Limits) -> bool:
    """
    Tell whether the shop answers well within its target, and hardly ever with an error.
    """
    return health.p95_ms < AIM * limits.latency_target_ms and health.error_share <= limits.error_target


def lower_limit(state: Adaptation, reading: Reading, health: Health, limits: Limits) -> float:
    """
    Return how many may be inside a shop that is too slow: those there, less the requests that are too many.
    """
    if health.error_share > limits.error_target:
        return max(1.0, min(state.limit, reading.seats * ERRORS_CUT))
    surplus = _in_flight(health) * (1 - AIM * limits.latency_target_ms / health.p95_ms)
    within = min(state.limit, float(reading.seats))
    return max(1.0, min(state.limit, state.limit + CUT * (reading.seats - surplus - within)))


def higher_limit(state: Adaptation, reading: Reading, health: Health, limits: Limits) -> float:
    """
    Return how many may be inside a shop that is quick: a little more than before, where that was used.
    """
    if reading.seats < USED * state.limit:
        return min(state.limit, float(limits.capacity))
    room = _in_flight(health) * (AIM * limits.latency_target_ms / max(1.0, health.p95_ms) - 1)
    grown = state.limit + min(GROWTH * state.limit, room) + 0.1
    return min(float(limits.capacity), max(float(reading.seats), grown))


def _in_flight(health: Health) -> float:
    return max(health.in_flight_ms, health.latency_ms) / max(1, health.window_ms)


def warmed_up(state: Adaptation, now_ms: int, limits: Limits) -> float:
    """
    Return the ceiling of this moment: after an opening it rises from the floor in a straight line.
    """
    since_ms = now_ms - state.opened_ms
    if since_ms >= limits.warm_up_ms:
        return limits.ceiling
    return limits.floor + (limits.ceiling - limits.floor) * since_ms / limits.warm_up_ms


def measured(state: Adaptation, reading: Reading) -> Adaptation:
    """
    Return the state with the outflow as of now: who came in and is no longer inside went out.
    """
    took_s = (reading.now_ms - state.at_ms) / 1000
    if took_s <= 0:
        return state
    went_out = reading.admitted - state.admitted - (reading.seats - state.seats)
    outflow = state.outflow + _OUTFLOW_WEIGHT * (max(0, went_out) / took_s - state.outflow)
    return replace(
        state, at_ms=reading.now_ms, seats=reading.seats, admitted=reading.admitted, outflow=max(0.0, outflow)
    )


def _is_down(health: Health) -> bool:
    stuck = health.requests == 0 and health.in_flight_ms >= 2 * health.window_ms > 0
    return stuck or (health.errors >= DOWN_ANSWERS and health.error_share >= DOWN_SHARE)


def _is_back(health: Health) -> bool:
    return health.requests - health.errors >= BACK_ANSWERS and health.error_share < DOWN_SHARE / 2


def _held(state: Adaptation, limits: Limits, *, told: bool) -> Adaptation:
    """
    Let nobody in while those inside tell how the shop fares, and now and then one when they are silent.
    """
    rate = 0.0 if told else min(max(limits.floor, PROBE_PER_MINUTE), limits.ceiling)
    # A shop that comes back is cold: it begins with half of what it bore.
    limit = state.limit if state.mode is Mode.HOLDING else max(1.0, state.limit / 2)
    return replace(state, rate=rate, limit=limit, mode=Mode.HOLDING)


def _silent(state: Adaptation, reading: Reading, limits: Limits) -> Adaptation:
    """
    Keep the last rate for a while; then fall, by as much in each second, to half of it.
    """
    silent_ms = reading.now_ms - state.heard_ms
    before_ms = max(state.heard_ms, reading.now_ms - STEP_MS) - state.heard_ms
    shares = [1 - (1 - SILENT_SHARE) * min(1.0, max(0.0, age / SILENT_MS - 1)) for age in (before_ms, silent_ms)]
    rate = state.rate * shares[1] / shares[0]
    return replace(state, rate=min(max(rate, limits.floor), limits.ceiling), mode=Mode.SILENT)
