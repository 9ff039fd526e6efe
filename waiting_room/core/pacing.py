"""
How many to call: the rate, the seats, and those who were called and have not come yet.

The law: ``calls = min(rate tokens, (capacity - seats - expected) / (1 - no-show share))``. *Expected* weighs each
called-but-not-come by the chance that it still comes, ``P(age) = (1-p) S(age) / ((1-p) S(age) + p)``, where p is the
measured share of no-shows and S the measured survival of the time from call to claim: counting every called one for
its whole window leaves seats empty, counting none fills them twice.
What the door could have let in and did not, because nobody had come yet, is called in addition at the next tick: so
just as many are under way as the visitors' own delay needs, whatever that delay is.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from waiting_room.core.policy import Policy
from waiting_room.core.snapshot import Cohort, Snapshot

TICK_MS: Final = 250
"""Four steps a second: a burst is a quarter of a second's admissions (others: 100 ms, 2 s, 10 s, 15 s, a minute)."""
MAX_STEP_MS: Final = 1000
"""A controller that was away for longer does not make up for it."""
MAX_NO_SHOW: Final = 0.9
_NO_SHOW_INERTIA: Final = 50
"""As many called visitors as must be seen before the measurement weighs as much as what was believed before."""
_AGE_EDGES_MS: Final = (500, 1000, 1500, 2000, 3000, 5000, 8000, 13_000, 21_000, 34_000, 55_000, 89_000, 144_000)


def burst(policy: Policy) -> float:
    """
    Return the depth of the bucket in admissions: one tick's worth, and at least one.
    """
    return max(1.0, policy.rate_per_s * TICK_MS / 1000)


def survival(cohorts: Sequence[Cohort], now_ms: int, no_show: float) -> tuple[float, ...]:
    """
    Return, for each age class, the share of those who will come that has not come yet.

    Read across the cohorts of this moment, each at its age; never rising with age.
    """
    claimed = [0] * (len(_AGE_EDGES_MS) + 1)
    present = [0] * (len(_AGE_EDGES_MS) + 1)
    for cohort in cohorts:
        age_class = bisect_right(_AGE_EDGES_MS, now_ms - cohort.at_ms)
        claimed[age_class] += cohort.claimed
        present[age_class] += cohort.present
    shares, last = [], 1.0
    for came, called in zip(claimed, present, strict=True):
        if called:
            last = min(last, max(0.0, 1 - came / called / (1 - no_show)))
        shares.append(last)
    return tuple(shares)


def expected(cohorts: Sequence[Cohort], now_ms: int, no_show: float, claim_window_ms: int) -> float:
    """
    Return how many of those who were called and have not come are still to be counted on.
    """
    shares = survival(cohorts, now_ms, no_show)
    total = 0.0
    for cohort in cohorts:
        age_ms = now_ms - cohort.at_ms
        open_calls = cohort.present - cohort.claimed
        if open_calls > 0 and age_ms < claim_window_ms:
            coming = (1 - no_show) * max(shares[bisect_right(_AGE_EDGES_MS, age_ms)], 1e-9)
            total += open_calls * coming / (coming + no_show)
    return total


def measured_no_show(before: float, cohorts: Sequence[Cohort], since_ms: int, now_ms: int, window_ms: int) -> float:
    """
    Return the share of no-shows after what the cohorts taught whose claim window ended since *since_ms*.
    """
    share = before
    for cohort in cohorts:
        if cohort.present and since_ms < cohort.at_ms + window_ms <= now_ms:
            missed = max(0, cohort.present - cohort.claimed) / cohort.present
            weight = cohort.present / (cohort.present + _NO_SHOW_INERTIA)
            share += weight * (missed - share)
    return min(MAX_NO_SHOW, max(0.0, share))


def calls_due(snapshot: Snapshot, still_expected: float, no_show: float) -> float:
    """
    Return how many to call in this step, with its fraction.
    """
    policy = snapshot.policy
    if not snapshot.phase.admits or snapshot.recovering:
        return 0.0
    if still_expected > max(1.0, policy.rate_per_s * policy.claim_window_s):
        return 0.0
    elapsed_ms = min(MAX_STEP_MS, max(0, snapshot.now_ms - snapshot.ticked_ms))
    by_rate = policy.rate_per_s * elapsed_ms / 1000 + min(snapshot.lost_tokens, policy.rate_per_s)
    by_seats = policy.capacity - snapshot.seats - still_expected
    due = min(by_rate / (1 - no_show) + snapshot.carry, by_seats / (1 - no_show))
    return max(0.0, due)
