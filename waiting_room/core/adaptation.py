"""
How fast the room may let in, from how the shop fares: no operator, and no knowledge of the shop.

The law limits how many are *inside*, for that is what loads a shop: each of them asks for a page, reads it, asks for
the next. While the shop is quick it learns how many pages a minute each one inside asks for. A shop that is too slow
tells how many it answers, and that is how many it bears:

    limit = answers a minute / pages a minute that each one inside asks for

By Little's law this is those inside less the requests that wait in line, one for one, as TCP Vegas takes the queue that
it causes out of its window (Brakmo and Peterson, 1995). But the line of one moment tells more of who was let in half a
minute ago than of the shop: payers cost many times what newcomers cost. The ratio of latencies alone (Netflix'
concurrency-limits, Envoy's adaptive concurrency) would throw out nine of ten inside where a page takes ten times as
long, though only those who wait for it are too many: shoppers think between two pages. Then the rate follows: as many
as go out, and what is missing below the limit. ``docs/adaptation.md`` holds the comparison.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from waiting_room.core.health import Health

STEP_MS: Final = 1000
"""Gates report once a second: sooner there is nothing new."""
AIM: Final = 0.5
"""The law aims at this share of the target, so that what comes by chance stays within it: at 0.45 a shop that halves
sells 1.5 % less, and is not back within its target sooner."""
FILL_S: Final = 6.0
"""A wide gap below the limit is filled in this time; faster, and the newcomers' pages are not yet seen."""
NEAR: Final = 0.1
"""A gap of this share of the limit or less is no hurry."""
SETTLE_S: Final = 30.0
"""Such a gap is filled in this time: who is let in at once also pays at once, and the wave comes back a visit later. In
20 s the rate swings by half as much more; in 45 s a shop that doubles does."""
GROWTH: Final = 0.03
"""The limit grows by this share a second at most: it doubles in 24 s, about a session of the shops measured."""
LEAD: Final = 0.5
"""This share of the limit's growth goes in at once: nobody need go out for those whom the shop bears in addition."""
CUT: Final = 0.2
"""How much of the way to a lower limit is gone in a step; at 0.4 it follows chance, and swings by half as much more."""
USED: Final = 0.75
"""A limit of which less is used says nothing of the shop, and does not grow."""
FAR_CUT: Final = 0.8
"""The same of what is beyond `NEAR`: a shop that has lost half of its capacity cannot wait."""
PUSH: Final = 0.9
"""A shop that is quick again is given at once this share of what it was seen to bear."""
ERRORS_CUT: Final = 0.9
DOWN_SHARE: Final = 0.5
"""A shop that fails half of its answers is down, not slow: fewer inside would not help it."""
DOWN_ANSWERS: Final = 5
BACK_ANSWERS: Final = 3
PROBE_PER_MINUTE: Final = 12.0
"""One in five seconds, to hear whether the shop is back, when too few inside are left to tell."""
COLD: Final = 0.5
"""A shop that comes back is cold: it begins with this share of those whom it bore."""
TELLING: Final = 20
"""With fewer answers there is nothing to learn about what each one inside asks for."""
SILENT_MS: Final = 30_000
"""Gates that are silent: the last rate stays for this long, and within as long again falls to half."""
SILENT_SHARE: Final = 0.5
_OUTFLOW_WEIGHT: Final = 0.1
_BORNE_WEIGHT: Final = 0.04
_ASKS_WEIGHT: Final = 0.02


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
    *heard_ms*: when a gate reported last. *asks*: the pages a minute that each one inside asks for while the shop is
    quick, 0 until that was seen.
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
    asks: float = 0.0


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
        return _held(state, limits, told=health.requests >= BACK_ANSWERS or _is_stuck(health))
    calm = is_calm(health, limits)
    limit = higher_limit(state, reading, health, limits) if calm else lower_limit(state, reading, health, limits)
    borne = state.borne
    if not calm or state.outflow > borne:  # while it is not busy, the shop shows only that it bears at least so much
        # Of those who go out of a shop that is too slow many were let in when it bore more, and nobody follows them.
        flow = state.outflow if calm else min(state.outflow, state.rate / 60)
        borne += _BORNE_WEIGHT * (flow - borne)
    asks = pages_of_each(state, reading, health) if calm else state.asks
    lead = LEAD * max(0.0, limit - max(state.limit, reading.seats))
    rate = 60 * (state.outflow + lead + filled_per_s(limit - reading.seats, limit))
    if calm:
        rate = max(rate, 60 * PUSH * borne)
    rate = min(max(rate, limits.floor), warmed_up(state, reading.now_ms, limits))
    return replace(state, rate=rate, limit=limit, borne=borne, mode=Mode.FOLLOWING, asks=asks)


def filled_per_s(gap: float, limit: float) -> float:
    """
    Return by how much the number inside shall rise in a second, where *gap* are missing below the limit, or too many.
    """
    near = min(max(gap, -NEAR * limit), NEAR * limit)
    return near / SETTLE_S + (gap - near) / FILL_S


def pages_of_each(state: Adaptation, reading: Reading, health: Health) -> float:
    """
    Return the pages a minute that each one inside asks for, after one more look at a shop that keeps up with them.
    """
    if health.requests < TELLING or not reading.seats:
        return state.asks
    now = _answers_per_minute(health) / reading.seats
    return state.asks + _ASKS_WEIGHT * (now - state.asks) if state.asks else now


def is_calm(health: Health, limits: Limits) -> bool:
    """
    Tell whether the shop answers well within its target, and hardly ever with an error.
    """
    return health.p95_ms < AIM * limits.latency_target_ms and health.error_share <= limits.error_target


def lower_limit(state: Adaptation, reading: Reading, health: Health, limits: Limits) -> float:
    """
    Return how many may be inside a shop that is too slow: those whose pages it can answer.

    Where it has never been quick, so that nobody knows how many that is: those there, less the requests that are too
    many.
    """
    if health.error_share > limits.error_target:
        return max(1.0, min(state.limit, reading.seats * ERRORS_CUT))
    if state.asks:
        borne = _answers_per_minute(health) / state.asks
    else:
        borne = reading.seats - _in_flight(health) * (1 - AIM * limits.latency_target_ms / health.p95_ms)
    surplus = max(0.0, state.limit - borne)
    near = min(surplus, NEAR * state.limit)
    return max(1.0, state.limit - CUT * near - FAR_CUT * (surplus - near))


def higher_limit(state: Adaptation, reading: Reading, health: Health, limits: Limits) -> float:
    """
    Return how many may be inside a shop that is quick: a little more than before, where that was used.
    """
    if reading.seats < USED * state.limit:
        return min(state.limit, float(limits.capacity))
    room = _in_flight(health) * (AIM * limits.latency_target_ms / max(1.0, health.p95_ms) - 1)
    grown = state.limit + min(GROWTH * state.limit, room) + 0.1
    return min(float(limits.capacity), max(float(reading.seats), grown))


def _answers_per_minute(health: Health) -> float:
    return 60_000 * health.requests / max(1, health.window_ms)


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
    return _is_stuck(health) or (health.errors >= DOWN_ANSWERS and health.error_share >= DOWN_SHARE)


def _is_stuck(health: Health) -> bool:
    return health.requests == 0 and health.in_flight_ms >= 2 * health.window_ms > 0


def _is_back(health: Health) -> bool:
    return health.requests - health.errors >= BACK_ANSWERS and health.error_share < DOWN_SHARE / 2


def _held(state: Adaptation, limits: Limits, *, told: bool) -> Adaptation:
    """
    Let nobody in while those inside tell how the shop fares, and now and then one when they are silent.
    """
    rate = 0.0 if told else min(max(limits.floor, PROBE_PER_MINUTE), limits.ceiling)
    limit = state.limit if state.mode is Mode.HOLDING else max(1.0, COLD * state.limit)
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
