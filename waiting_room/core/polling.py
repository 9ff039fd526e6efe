"""
How often a visitor is asked to poll: a budget, shared out by distance.
"""

from math import log
from typing import Final

from waiting_room.core.policy import Policy

JITTER: Final = 0.2
"""
Answers ask for up to a fifth more, so that visitors who came together drift apart. Never for less: that would break
both `poll_min_s` and the budget.
"""
CALLED_POLL_MS: Final = 1000
DOOR_POLL_MS: Final = 200
"""Whose claim was held at the door comes again at once: a door where nobody stands for a second loses its pace."""
DEGRADED_POLL_MS: Final = 5000
FLUSH_MS: Final = 1000
"""Check-ins go to the store once a second."""
PRESENCE_MIN_MS: Final = 15_000
"""Nobody is taken for a ghost before 15 s of silence: a phone that changes from one network to another needs them."""
_SNAPSHOT_MS: Final = 1000
_RESERVE: Final = 1.5
"""What a slot lasts longer than it must, for slow networks; also the most by which it shrinks from one to the next."""
_FAR_SHARE: Final = 0.75
_NEAR_SHARE: Final = 0.2
_POLLS_ON_THE_WAY: Final = 6
"""A visitor near the front asks again after a sixth of the shortest time left."""


def far_interval_ms(waiting: int, policy: Policy) -> int:
    """
    Return the interval at which *waiting* people together stay below three quarters of the budget.

    The rest of the budget is for those near the front, who may poll more often.
    """
    needed_ms = 1000 * waiting / (_FAR_SHARE * policy.polls_per_s)
    return int(max(policy.poll_min_s * 1000, needed_ms))


class Intervals:
    """
    Tell visitors when to poll again; what is the same for all of a room's visitors is worked out once.

    Never below `poll_min_s`, and above `poll_max_s` and *longest_ms* (which the presence slot allows) only where the
    budget asks for it. All polls of a room together stay below its budget, whatever its size, rate and settings: where
    the k-th polls at most once in c·k, from `poll_min_s` up to the far interval, those nearer than far add at most
    ``(1 + ln(far / poll_min)) / c`` polls a second; c is such that this is their fifth of the budget. With people
    waiting in *lanes* lanes there are as many k-th ones, and each polls as much more rarely.
    """

    __slots__ = ("_far_ms", "_low_ms", "_most_ms", "_ms_a_place")

    def __init__(self, far_ms: int, longest_ms: float, policy: Policy, lanes: int = 1) -> None:
        self._far_ms = far_ms
        self._low_ms = policy.poll_min_s * 1000
        self._most_ms = min(policy.poll_max_s * 1000, longest_ms)
        spread = 1 + log(far_ms / self._low_ms) if far_ms > self._low_ms else 1.0
        self._ms_a_place = 1000 * lanes * spread / (_NEAR_SHARE * policy.polls_per_s)

    def at(self, position: int, wait_s: float | None) -> int:
        """
        Return the interval for somebody at *position* whose turn is *wait_s* away at the earliest (None: unknown).
        """
        if wait_s is None:
            return int(max(self._low_ms, self._far_ms))
        wished_ms = min(self._most_ms, 1000 * wait_s / _POLLS_ON_THE_WAY)
        return int(max(self._low_ms, wished_ms, min(self._far_ms, position * self._ms_a_place)))

    def asked_late_s(self, position: int, wait_s: float) -> tuple[float, float]:
        """
        Return when the budget lets somebody at *position* ask again, on average, and by how much this is later than the
        sake of a turn *wait_s* away would have it; 0 where it is no later.
        """
        budget_ms = min(self._far_ms, position * self._ms_a_place)
        late_ms = budget_ms - max(self._low_ms, 1000 * wait_s / _POLLS_ON_THE_WAY)
        mean_s = (1 + JITTER / 2) / 1000
        return budget_ms * mean_s, max(0.0, late_ms) * mean_s

    def heard_late_s(self, rate_per_s: float) -> float:
        """
        Return how long after a call it is heard of at the latest, where the budget is too small for *rate_per_s*.

        Whose turn is w away asks again in κ·w, up to the far interval F: where κ is above 1 the turn comes before that,
        and of all w the one of F/κ waits longest in vain, F·(1 - 1/κ).
        """
        times = self._ms_a_place * rate_per_s / 1000
        return self._far_ms * (1 - 1 / times) * (1 + JITTER / 2) / 1000 if times > 1 else 0.0


def heard_late_ms(waiting: int, policy: Policy, rate_per_s: float, lanes: int) -> float:
    """
    Return how long after a call it is heard of at the latest where *waiting* people are called at *rate_per_s* from one
    of *lanes* lanes: 0 where the budget is ample.
    """
    far_ms = far_interval_ms(waiting, policy)
    if far_ms <= policy.poll_min_s * 1000:
        return 0.0
    return 1000 * Intervals(far_ms, far_ms, policy, lanes).heard_late_s(rate_per_s)


def jittered_ms(interval: int, rank: int, salt: int) -> int:
    """
    Return *interval* prolonged by up to `JITTER`; the same for the same *rank* and *salt*.
    """
    return int(interval * (1 + JITTER * spread(rank, salt)))


def spread(rank: int, salt: int) -> float:
    """
    Return a number from 0 to below 1, spread evenly over ranks; the same for the same *rank* and *salt*.
    """
    return (rank * 2_654_435_761 + salt * 40_503) % 65_536 / 65_536


def slot_ms(waiting: int, policy: Policy, wait_s: float = 0.0, last_ms: int = 0) -> int:
    """
    Return how long a presence slot must last so that nobody who polls as told is ever taken for a ghost.

    The longest interval told while the last one waits for *wait_s*, its jitter, a flush, a snapshot, and half of it all
    in reserve. A check-in counts for the rest of its slot and the whole next one, so the next one alone must be long
    enough for all that was told in the one before, which lasted *last_ms*: hence it shrinks by its reserve at most.
    """
    wished_ms = min(policy.poll_max_s * 1000, 1000 * wait_s / _POLLS_ON_THE_WAY)
    return no_shorter_ms(max(slot_for_far_ms(waiting, policy), slot_for_ms(wished_ms * (1 + JITTER))), last_ms)


def no_shorter_ms(slot_ms: int, last_ms: int) -> int:
    """
    Return the length of a slot after one of *last_ms* that would last *slot_ms* by itself.
    """
    return max(slot_ms, int(last_ms / _RESERVE))


def slot_for_far_ms(waiting: int, policy: Policy) -> int:
    """
    Return how long a slot must last in which nobody is told to ask later than the budget has it for *waiting* people.
    """
    return slot_for_ms(far_interval_ms(waiting, policy) * (1 + JITTER))


def slot_for_ms(told_ms: float) -> int:
    """
    Return how long a slot must last in which nobody is told to ask later than in *told_ms*.
    """
    return int(max(PRESENCE_MIN_MS, _RESERVE * (told_ms + FLUSH_MS + _SNAPSHOT_MS)))


def longest_ms(slot_ms: int) -> float:
    """
    Return the longest interval that may be told for convenience in a slot of *slot_ms*, whatever the next one is like.
    """
    return (slot_ms / _RESERVE - FLUSH_MS - _SNAPSHOT_MS) / (1 + JITTER)
