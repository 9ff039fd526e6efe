"""
How many to call: the rate, the seats, and those who were called and have not come yet.

The law: ``calls = (min(tokens + rate * (lead + door), capacity - seats) - expected) / (1 - no-show share)``: as many
are kept under way as the door can let in until they are there, and a second longer; the lead is the measured mean time
from call to claim. To call by the rate alone starves the door, for visitors ask when they were told to: with polls two
seconds apart it let in 85 to 97 % of the rate, and all of it since.
*Expected* weighs each called-but-not-come by the chance that it still comes,
``P(age) = (1-p) S(age) / ((1-p) S(age) + p)``, where p is the measured share of no-shows and S the measured survival of
the time from call to claim: counting every called one for its whole window leaves seats empty, counting none fills
them twice.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import exp, sqrt
from typing import Final

from waiting_room.core.policy import Policy
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
_ENOUGH: Final = 20
_SMOOTHING: Final = 0.2
_NO_SHOW_INERTIA: Final = 30
"""As many called visitors as must be seen before the measurement weighs half."""
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
    for cohort in cohorts:
        age_class = bisect_right(_AGE_EDGES_MS, now_ms - cohort.at_ms)
        came[age_class] += cohort.claimed + cohort.at_door
        called[age_class] += cohort.present
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


def lead_s(snapshot: Snapshot) -> float:
    """
    Return the mean time from being called to standing at the door, of those who come: the area below the survival.
    """
    mature = mature_ms(snapshot.policy)
    shares = survival(snapshot.cohorts, snapshot.now_ms, mature)
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


def expected(cohorts: Sequence[Cohort], now_ms: int, no_show: float, policy: Policy) -> float:
    """
    Return how many of those who were called and have not got in are still to be counted on.

    Who stands at the door (came, and was told to wait for a seat or for the pace) counts in full.
    """
    shares = survival(cohorts, now_ms, mature_ms(policy))
    doubt = max(no_show, MIN_NO_SHOW)
    total = 0.0
    for cohort in cohorts:
        age_ms = now_ms - cohort.at_ms
        total += cohort.at_door
        silent = cohort.present - cohort.claimed - cohort.at_door
        if silent > 0 and age_ms < policy.claim_window_s * 1000:
            coming = (1 - doubt) * shares[bisect_right(_AGE_EDGES_MS, age_ms)]
            total += silent * coming / (coming + doubt)
    return total


def mature_ms(policy: Policy) -> int:
    """
    Return the age after which few come who have not: two polls near the front, and the time a claim is held.
    """
    return int(min(policy.claim_window_s * 500, 2500 * policy.poll_min_s + 2000))


def measured_no_show(before: float, cohorts: Sequence[Cohort], now_ms: int, policy: Policy) -> float:
    """
    Return the share of no-shows after one more look at the cohorts that are old enough to tell, smoothed.
    """
    youngest = mature_ms(policy)
    old = [cohort for cohort in cohorts if youngest <= now_ms - cohort.at_ms <= youngest + RECENT_MS]
    called = sum(cohort.present for cohort in old)
    if not called:
        return before
    missed = sum(max(0, cohort.present - cohort.claimed - cohort.at_door) for cohort in old) / called
    weight = _SMOOTHING * called / (called + _NO_SHOW_INERTIA)
    return min(MAX_NO_SHOW, max(0.0, before + weight * (missed - before)))


def calls_due(snapshot: Snapshot, still_expected: float, no_show: float) -> float:
    """
    Return how many to call in this step, with its fraction.

    As many as the door can let in until they are there and a second longer, less those who are under way already, and
    never more than there are seats, in all lanes together, at the rate in force. *lost_tokens* correct a lead that was
    measured too short. In shadow everybody who still waits is called.
    """
    rate_per_s = snapshot.rate_per_s
    if snapshot.in_shadow:
        return float(snapshot.waiting)
    if not snapshot.admits or snapshot.recovering or not rate_per_s:
        return 0.0
    lost = min(snapshot.lost_tokens, rate_per_s)
    lead = lead_s(snapshot)
    by_rate = snapshot.tokens + lost + rate_per_s * (lead + door_s(rate_per_s, lead))
    by_seats = snapshot.policy.capacity - snapshot.seats
    due = (min(by_rate, by_seats) - still_expected) / (1 - no_show)
    return max(0.0, due)
