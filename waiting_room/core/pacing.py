"""
How many to call: the rate, the seats, and those who were called and have not come yet.

The law: ``calls = (min(tokens + rate * (lead + door), free + turnover * lead + spare) - expected) / (1 - no-show
share)``: as many are kept under way as the door can let in until they are there, and a second longer; the lead is the
measured mean time from call to claim. To call by the rate alone starves the door, for visitors ask when they were told
to: with polls two seconds apart it let in 85 to 97 % of the rate, and all of it since.
Seats are called for before they are free: *turnover* is the measured number of seats that end per second. To wait for a
free seat leaves it empty for the lead: of seats held for 9 s 85 % were used, of those held for a minute 97 %.
*Expected* weighs each called-but-not-come by the chance that it still comes,
``P(age) = (1-p) S(age) / ((1-p) S(age) + p)``, where p is the measured share of no-shows and S the measured survival of
the time from call to claim: counting every called one for its whole window leaves seats empty, counting none fills
them twice.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, pi, sqrt
from typing import Final

from waiting_room.core import polling
from waiting_room.core.snapshot import Cohort, Snapshot

TICK_MS: Final = 250
"""Four steps a second: a burst is a quarter of a second's admissions (others: 100 ms, 2 s, 10 s, 15 s, a minute)."""
MAX_NO_SHOW: Final = 0.9
MIN_NO_SHOW: Final = 0.05
"""No crowd is wholly faithful: without this doubt, one who was called and never comes would block a seat for good."""
DOOR_S: Final = 1.0
MOST_DOOR_S: Final = 3.0
"""A second's admissions stand at the door on average; in slow rooms, where a second's are few, up to three seconds'."""
DOOR_MS: Final = 3000
"""Who was turned back at the door comes again within a poll of a second and its hold: three are ample."""
RECENT_MS: Final = 10_000
"""Ten seconds of calls tell the share of no-shows of this moment; a minute's would lag behind a crowd that leaves."""
_PHI_0: Final = 1 / sqrt(2 * pi)
_ENOUGH: Final = 20
TURNOVER_S: Final = 15.0
"""The turnover is that of the last quarter of a minute: long enough to be even, short enough to follow a crowd."""
IDLE_SHARE: Final = 0.01
"""The part of the seats that chance may leave empty; the bound is a loose one, and a quarter of it was measured."""
_SMOOTHING: Final = 0.2
_NO_SHOW_INERTIA: Final = 30
"""As many called visitors as must be seen before the measurement weighs half."""
_LATEST: Final = 800
"""Of the claim window in ms a second: who comes later than that is one of the few who are not waited for."""
_AGE_EDGES_MS: Final = (500, 1000, 1500, 2000, 3000, 5000, 8000, 13_000, 21_000, 34_000, 55_000, 89_000, 144_000)


def burst(rate_per_s: float) -> float:
    """
    Return the depth of the bucket in admissions: one tick's worth, and at least one.
    """
    return max(1.0, rate_per_s * TICK_MS / 1000)


def survival(cohorts: Sequence[Cohort], now_ms: int, mature: int) -> tuple[float, ...]:
    """
    Return, for each age class, the share of those who will come that has not come yet.

    Read across the cohorts of this moment, each at its age, in relation to those older than *mature* ms; never rising
    with age. While too few have come to tell, an exponential that leaves a twentieth at *mature* stands in.
    """
    came = [0] * (len(_AGE_EDGES_MS) + 1)
    called = [0] * (len(_AGE_EDGES_MS) + 1)
    for at_ms, _, _, present, claimed, at_door in cohorts:
        age_class = bisect_right(_AGE_EDGES_MS, now_ms - at_ms)
        came[age_class] += claimed + at_door
        called[age_class] += present
    first_old = bisect_right(_AGE_EDGES_MS, mature)
    came_in_the_end = sum(came[first_old:])
    if came_in_the_end < _ENOUGH:
        return tuple(exp(-3 * _lower_edge(index) / mature) for index in range(len(came)))
    final = came_in_the_end / max(1, sum(called[first_old:]))
    shares, last = [], 1.0
    for index, (some, all_) in enumerate(zip(came, called, strict=True)):
        if index >= first_old:
            last = 0.0
        elif all_:
            last = min(last, max(0.0, 1 - some / all_ / final))
        shares.append(last)
    return tuple(shares)


def lead_s(shares: Sequence[float], mature: int) -> float:
    """
    Return the mean time from being called to standing at the door, of those who come: the area below the `survival`,
    whose *shares* these are, up to *mature* ms.
    """
    edges = [min(edge, mature) for edge in (0, *_AGE_EDGES_MS)]
    return sum(share * (high - low) for share, (low, high) in zip(shares, pairwise(edges), strict=False)) / 1000


def door_s(rate_per_s: float, lead: float) -> float:
    """
    Return how long a visitor shall stand at the door, so that it is hardly ever empty.

    Those under way come by chance, some ``rate * lead`` of them with its square root as their spread: twice that.
    """
    return min(MOST_DOOR_S, max(DOOR_S, 2 * sqrt(lead / rate_per_s)))


def _lower_edge(age_class: int) -> int:
    return _AGE_EDGES_MS[age_class - 1] if age_class else 0


def ended(snapshot: Snapshot) -> int:
    """
    Return how many seats have ended since the room began: who was admitted and is not inside.
    """
    return max(0, snapshot.admitted - snapshot.seats)


def turnover_per_s(snapshot: Snapshot) -> float:
    """
    Return how many seats end per second, smoothed over `TURNOVER_S`.

    Where it is not known how many had ended at the last tick (a room that is new or was put back), nothing is learned;
    and in one tick no more seats can end than there are.
    """
    elapsed_s = (snapshot.now_ms - snapshot.ticked_ms) / 1000
    if snapshot.recovering or not snapshot.ended or elapsed_s <= 0:
        return snapshot.turnover_per_s
    since = min(max(0, ended(snapshot) - snapshot.ended), snapshot.policy.capacity)
    weight = 1 - exp(-elapsed_s / TURNOVER_S)
    return snapshot.turnover_per_s + weight * (since / elapsed_s - snapshot.turnover_per_s)


def ahead_of_seats(turnover: float, lead: float, seats: int, capacity: int) -> float:
    """
    Return how many to call for seats that are not free yet: those of *seats* that end until the called are there, and
    some spare.

    Ends and arrivals come by chance; their difference over the lead spreads by about ``s = sqrt(2 * turnover * lead)``.
    With z more under way than seats end, ``s * phi(z / s)`` seats stand empty at the most, phi being the normal
    density: z is what keeps that at `IDLE_SHARE` of the seats. In a large room nothing is needed: its chances even out.
    """
    coming = min(seats, turnover * (lead + TICK_MS / 1000))
    spread = sqrt(2 * coming)
    risk = _PHI_0 * spread / (IDLE_SHARE * capacity) if capacity else 0.0
    return coming + (spread * sqrt(2 * log(risk)) if risk > 1 else 0.0)


def expected(
    cohorts: Sequence[Cohort], now_ms: int, no_show: float, shares: Sequence[float], window_ms: float
) -> float:
    """
    Return how many of those who were called within *window_ms* and have not got in are still to be counted on, where
    *shares* are their `survival`.

    Who stands at the door (came, and was told to wait for a seat or for the pace) counts in full, whenever called.
    """
    doubt = max(no_show, MIN_NO_SHOW)
    total = 0.0
    for at_ms, _, _, present, claimed, at_door in cohorts:
        total += at_door
        silent = present - claimed - at_door
        age_ms = now_ms - at_ms
        if silent > 0 and age_ms < window_ms:
            coming = (1 - doubt) * shares[bisect_right(_AGE_EDGES_MS, age_ms)]
            total += silent * coming / (coming + doubt)
    return total


def mature_ms(snapshot: Snapshot) -> int:
    """
    Return the age after which few come who have not: two polls near the front, and the time a claim is held; and where
    the poll budget is too small for so many calls, the longest time after which these are heard of.

    Without the latter whoever comes late is taken for a no-show, so that more are called, from farther behind, who were
    told to ask still later: of a budget of 7 polls for each admission the measured share went from 0.4 to 0.9, and
    those called stood at the full door for a minute.
    """
    policy = snapshot.policy
    soon_ms = min(policy.claim_window_s * 500, 2500 * policy.poll_min_s + 2000)
    late_ms = polling.heard_late_ms(snapshot.waiting, policy, _busiest_per_s(snapshot), snapshot.lanes_in_use)
    return int(max(soon_ms, min(soon_ms + late_ms, policy.claim_window_s * _LATEST)))


def _busiest_per_s(snapshot: Snapshot) -> float:
    """
    Return the calls per second of the busiest lane in its busiest `RECENT_MS`, of those calls that are still known.
    """
    return max((_peak(lane.cohorts) for lane in snapshot.lanes.values()), default=0) * 1000 / RECENT_MS


def _peak(cohorts: Sequence[Cohort]) -> int:
    first = most = total = 0
    for cohort in cohorts:
        total += cohort.present
        while cohort.at_ms - cohorts[first].at_ms >= RECENT_MS:
            total -= cohorts[first].present
            first += 1
        most = max(most, total)
    return most


def measured_no_show(snapshot: Snapshot, mature: int) -> float:
    """
    Return the share of no-shows after one more look at the cohorts that are old enough to tell, smoothed: *mature* ms.

    Those called before the presence slot began tell of ghosts that are gone by now.
    """
    before, latest_ms = snapshot.no_show, snapshot.now_ms - mature
    earliest_ms = max(latest_ms - RECENT_MS, snapshot.slot_at_ms)
    called = missed = 0
    for at_ms, _, _, present, claimed, at_door in snapshot.cohorts:
        if earliest_ms <= at_ms <= latest_ms:
            called += present
            missed += max(0, present - claimed - at_door)
    if not called:
        return before
    weight: float = _SMOOTHING * (called / (called + _NO_SHOW_INERTIA)) ** 1.5
    return min(MAX_NO_SHOW, max(0.0, before + weight * (missed / called - before)))


def no_show_after_turn(no_show: float, silent: float) -> float:
    """
    Return the share of no-shows among those who stay when a presence slot turns and a share of *silent* ones goes.

    Who is silent does not come: ``p = silent + (1 - silent) p'``. Otherwise, after a crowd has left, those who stayed
    are called as if most of them were ghosts: ten times too many.
    """
    return max(0.0, (no_show - silent) / (1 - silent)) if silent < 1 else no_show


def calls_due(snapshot: Snapshot, still_expected: float, no_show: float, lead: float) -> float:
    """
    Return how many to call in this step, with its fraction; *lead* is that of `lead_s`.

    As many as the door can let in until they are there and a second longer, less those who are under way already, and
    never for more seats than are free or will be by then, in all lanes together, at the rate in force. *lost_tokens*
    correct a lead that was measured too short. In shadow everybody who still waits is called.
    """
    rate_per_s = snapshot.rate_per_s
    if snapshot.in_shadow:
        return float(snapshot.waiting)
    if not snapshot.admits or snapshot.recovering or not rate_per_s:
        return 0.0
    lost = min(snapshot.lost_tokens, rate_per_s)
    by_rate = snapshot.tokens + lost + rate_per_s * (lead + door_s(rate_per_s, lead))
    capacity, seats = snapshot.capacity, snapshot.seats
    by_seats = capacity - seats + ahead_of_seats(turnover_per_s(snapshot), lead, seats, capacity)
    return max(0.0, (min(by_rate, by_seats) - still_expected) / (1 - no_show))
