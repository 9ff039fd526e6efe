"""
How often a visitor is asked to poll: a budget, shared out by distance.
"""

from typing import Final

from waiting_room.core.policy import Policy

JITTER: Final = 0.1
"""Answers vary by a tenth either way, so that visitors who came together drift apart."""
CALLED_POLL_MS: Final = 1000
DEGRADED_POLL_MS: Final = 5000
FLUSH_MS: Final = 1000
"""Check-ins go to the store once a second."""
PRESENCE_MIN_MS: Final = 15_000
"""Nobody is taken for a ghost before 15 s of silence: a phone that changes from one network to another needs them."""
_BUDGET_SHARE: Final = 0.75
_POLLS_ON_THE_WAY: Final = 6
"""A visitor near the front asks again after a sixth of the shortest time left."""


def far_interval_ms(waiting: int, policy: Policy) -> int:
    """
    Return the interval at which *waiting* people together stay below three quarters of the budget.

    The rest of the budget is for those near the front, and for jitter.
    """
    needed_ms = 1000 * waiting / (_BUDGET_SHARE * policy.poll_budget_per_s)
    return int(max(policy.poll_min_s * 1000, needed_ms))


def interval_ms(wait_s: float | None, far_ms: int, policy: Policy) -> int:
    """
    Return when to poll again for somebody whose turn is *wait_s* away at the earliest (None: unknown).

    Never below `poll_min_s`, above `poll_max_s` only where the budget asks for it. Those nearer to the front than one
    far interval may poll more often, as long as the admission rate leaves room for that in the budget.
    """
    low_ms = policy.poll_min_s * 1000
    if wait_s is None:
        return max(int(low_ms), far_ms)
    wished_ms = max(low_ms, min(policy.poll_max_s * 1000, 1000 * wait_s / _POLLS_ON_THE_WAY))
    near = wait_s * 1000 < 2 * far_ms and policy.rate_per_s * _POLLS_ON_THE_WAY * 4 < policy.poll_budget_per_s / 4
    return int(wished_ms if near else max(wished_ms, far_ms))


def jittered_ms(interval: int, rank: int, salt: int) -> int:
    """
    Return *interval* changed by up to `JITTER` either way; the same for the same *rank* and *salt*.
    """
    spread = (rank * 2_654_435_761 + salt * 40_503) % 65_536 / 65_536
    return int(interval * (1 - JITTER + 2 * JITTER * spread))


def slot_ms(waiting: int, policy: Policy) -> int:
    """
    Return how long a presence slot must last so that nobody who polls as told is ever taken for a ghost.

    The longest interval told, its jitter, a flush, a snapshot, and half of it all in reserve for slow networks. A
    check-in counts for the rest of its slot and the whole next one, so the next one alone must be long enough.
    """
    longest_ms = _longest_told_ms(waiting, policy)
    return int(max(PRESENCE_MIN_MS, 1.5 * (longest_ms * (1 + JITTER) + FLUSH_MS + 1000)))


def _longest_told_ms(waiting: int, policy: Policy) -> float:
    far_ms = far_interval_ms(waiting, policy)
    if not policy.rate_per_minute:
        return max(policy.poll_max_s * 1000, far_ms)
    last_wait_s = waiting / policy.rate_per_s
    by_distance_ms = min(policy.poll_max_s * 1000, 2 * 1000 * last_wait_s / _POLLS_ON_THE_WAY)
    return max(by_distance_ms, far_ms)
